//! The sequence of numbers that the pages are made of.

/// What the numbers are written in: the digits of Base64, in their order.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `length` digits that follow from `seed`, by the multiplier and the modulus of the "minimal standard" generator, whose
/// products fit the floating-point numbers of every awk.
pub(super) fn digits(seed: u64, length: usize) -> String {
    let mut state = seed;
    let next = || {
        state = state * 16_807 % 2_147_483_647;
        let index = usize::try_from(state / 65_536 % 64).unwrap_or_default();
        char::from(DIGITS[index])
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// `length` bytes: those that the digits stand for in Base64.
pub(super) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let digits = digits(seed, length.div_ceil(3) * 4);
    let value = |digit: u8| DIGITS.iter().position(|known| *known == digit).unwrap_or_default();
    let mut decoded = Vec::with_capacity(length + 2);
    for four in digits.as_bytes().chunks(4) {
        let bits = four.iter().fold(0, |bits, digit| bits << 6 | value(*digit));
        decoded
            .extend([bits >> 16, bits >> 8, bits].map(|part| u8::try_from(part & 255).unwrap_or_default()));
    }
    decoded.truncate(length);
    decoded
}
