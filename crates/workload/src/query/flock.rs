//! The turkeys that the table is filled with, made from a seed.

use serde_json::{Value, json};

/// The breeds; each has a tenth of the flock.
pub const BREEDS: [&str; 10] = [
    "Auburn",
    "Beltsville Small White",
    "Black",
    "Bourbon Red",
    "Bronze",
    "Jersey Buff",
    "Narragansett",
    "Royal Palm",
    "Slate",
    "White Holland",
];

/// What three of four names begin with.
const PLAIN: [&str; 12] = [
    "Abigail",
    "Barnaby",
    "Clementine",
    "Drumstick",
    "Gobbles",
    "Henrietta",
    "Jasper",
    "Marigold",
    "Percival",
    "Tom",
    "Wattles",
    "Zsa Zsa",
];

/// What one of four names begins with: signs of JSON, of templates and of other scripts, which show whether a variant escapes
/// what it reads. Most of them sort before the letters, so that they stand on every breed's first page.
const HOSTILE: [&str; 12] = [
    "\"Sir\" Loin",
    "'Tis O'Malley",
    "\"},{\"id\":\"forged",
    "$input.path('$') ${x}",
    "#set($a=1) ##",
    "(back\\slash\\\\ \\n \\u0041)",
    "<b>&amp;</b>",
    "\ttab and\nline",
    "{{7*7}} {% $a %}",
    "Émile Łukasz",
    "七面鳥",
    "🦃 👩‍🌾",
];

const WORDS: [&str; 24] = [
    "roams", "the", "meadow", "behind", "old", "barn", "and", "prefers", "acorns", "over", "corn", "in",
    "autumn", "when", "leaves", "turn", "quiet", "proud", "feathers", "shine", "at", "dawn", "among", "oaks",
];

/// How long a description is at least, in bytes; it brings an item to about 0.3 KB.
const DESCRIPTION_BYTES: usize = 190;

/// A number of turkeys that follow from a seed: the same seed makes the same bytes, and the first turkeys of a larger flock
/// are those of a smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flock {
    /// How many.
    pub items: u32,
    /// What they follow from.
    pub seed: u64,
}

impl Flock {
    /// The flock of the published comparisons.
    pub const DEFAULT: Flock = Flock { items: 10_000, seed: 1 };

    /// The keys of the item at an index, as DynamoDB's JSON has them. They do not depend on the seed.
    #[must_use]
    pub fn key(index: u32) -> Value {
        json!({ "pk": {"S": format!("turkey-{index:06}")}, "sk": {"S": "turkey"} })
    }

    /// The item at an index below `items`, in DynamoDB's JSON.
    #[must_use]
    pub fn item(&self, index: u32) -> Value {
        let mut random = SplitMix64::new(self.seed, index);
        let names = if random.below(4) == 0 { &HOSTILE } else { &PLAIN };
        let name = format!("{} {index}", random.pick(names));
        // 2.00 to 17.99 kg, in DynamoDB's spelling: without zeros at the end.
        let grams = 200 + random.below(1600);
        let weight = match (grams / 100, grams % 100) {
            (whole, 0) => whole.to_string(),
            (whole, part) if part % 10 == 0 => format!("{whole}.{}", part / 10),
            (whole, part) => format!("{whole}.{part:02}"),
        };
        let mut description = String::with_capacity(DESCRIPTION_BYTES + 16);
        while description.len() < DESCRIPTION_BYTES {
            if !description.is_empty() {
                description.push(' ');
            }
            description.push_str(random.pick(&WORDS));
        }
        let mut item = Self::key(index);
        item["breed"] = json!({ "S": BREEDS[index as usize % BREEDS.len()] });
        item["name"] = json!({ "S": name });
        item["weight"] = json!({ "N": weight });
        item["description"] = json!({ "S": description });
        item
    }
}

/// Vigna's `SplitMix64`: small, and the same in every version of every library.
/// <https://prng.di.unimi.it/splitmix64.c>
struct SplitMix64(u64);

impl SplitMix64 {
    /// A stream of its own for each index.
    fn new(seed: u64, index: u32) -> SplitMix64 {
        let mut outer = SplitMix64(seed);
        let base = outer.next();
        SplitMix64(base ^ SplitMix64(u64::from(index)).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; the bias is that of 64 bits and does not matter here.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.next() % from.len() as u64;
        usize::try_from(at).ok().and_then(|at| from.get(at)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn all(flock: Flock) -> Vec<Value> {
        (0..flock.items).map(|index| flock.item(index)).collect()
    }

    fn text<'a>(item: &'a Value, name: &str) -> &'a str {
        item[name].as_object().unwrap().values().next().unwrap().as_str().unwrap()
    }

    #[test]
    fn the_same_seed_makes_the_same_bytes() {
        let bytes = |seed| serde_json::to_string(&all(Flock { items: 500, seed })).unwrap();
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
        // A change of this line changes every seeded table.
        let first = Flock::DEFAULT.item(0);
        assert_eq!(
            (text(&first, "pk"), text(&first, "breed"), text(&first, "name"), text(&first, "weight")),
            ("turkey-000000", "Auburn", "🦃 👩‍🌾 0", "16.07")
        );
    }

    #[test]
    fn breeds_are_uniform_and_names_unique() {
        let items = all(Flock::DEFAULT);
        let mut breeds: BTreeMap<&str, usize> = BTreeMap::new();
        let mut names = BTreeSet::new();
        for item in &items {
            *breeds.entry(text(item, "breed")).or_default() += 1;
            assert!(names.insert(text(item, "name")));
        }
        assert_eq!(breeds.len(), 10);
        assert!(breeds.values().all(|count| *count == 1000));
    }

    #[test]
    fn items_have_about_300_bytes_and_canonical_weights() {
        let items = all(Flock { items: 2000, seed: 7 });
        let size = |item: &Value| {
            item.as_object().unwrap().keys().map(|name| name.len() + text(item, name).len()).sum::<usize>()
        };
        let total: usize = items.iter().map(size).sum();
        assert!((250..350).contains(&(total / items.len())), "{}", total / items.len());
        for item in &items {
            let weight = text(item, "weight");
            let kilograms: f64 = weight.parse().unwrap();
            assert!((2.0..18.0).contains(&kilograms), "{weight}");
            assert_eq!(weight, kilograms.to_string());
        }
    }

    #[test]
    fn the_first_page_of_every_breed_holds_what_must_be_escaped() {
        for breed in BREEDS {
            let items = all(Flock::DEFAULT);
            let mut names: Vec<&str> = items
                .iter()
                .filter(|item| text(item, "breed") == breed)
                .map(|item| text(item, "name"))
                .collect();
            names.sort_unstable();
            let first = names[..115].concat();
            for sign in ["\"", "$", "#", "\n", "\t"] {
                assert!(first.contains(sign), "{breed} lacks {sign:?}");
            }
        }
    }
}
