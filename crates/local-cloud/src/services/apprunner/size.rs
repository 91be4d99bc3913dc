use super::AppRunnerError;

/// The sizes that App Runner offers: CPU units, and the memory in MB that goes with them.
///
/// <https://docs.aws.amazon.com/apprunner/latest/dg/architecture.html#architecture.vcpu-memory>
const SIZES: [(u32, &[u32]); 5] = [
    (256, &[512, 1024]),
    (512, &[1024]),
    (1024, &[2048, 3072, 4096]),
    (2048, &[4096, 6144]),
    (4096, &[8192, 10_240, 12_288]),
];

/// CPU units and MB of an instance from their spellings: `1024` or `1 vCPU`, `2048` or `2 GB`.
///
/// # Errors
/// A size that is not offered; the words name those that are.
pub fn instance_size(cpu: &str, memory: &str) -> Result<(u32, u32), AppRunnerError> {
    let units = amount(cpu, "vCPU");
    let Some((units, offered)) = SIZES.iter().find(|(offered, _)| Some(*offered) == units) else {
        return Err(AppRunnerError::InvalidRequest(format!(
            "Cpu {cpu} is not offered; use 256, 512, 1024, 2048 or 4096, or 0.25, 0.5, 1, 2 or 4 vCPU."
        )));
    };
    let fitting = amount(memory, "GB").filter(|memory| offered.contains(memory));
    fitting.map(|memory| (*units, memory)).ok_or_else(|| {
        let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
        AppRunnerError::InvalidRequest(format!(
            "Memory {memory} does not go with {units} CPU units, which go with {} MB.",
            offered.join(", ")
        ))
    })
}

/// Units or MB, also from thousands of them with a unit.
fn amount(text: &str, unit: &str) -> Option<u32> {
    let Some(number) = text.strip_suffix(unit) else { return text.parse().ok() };
    match number.trim_end() {
        "0.25" => Some(256),
        "0.5" => Some(512),
        whole => whole.parse::<u32>().ok()?.checked_mul(1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_sizes_are_offered() {
        for (cpu, memory, expected) in [
            ("256", "512", (256, 512)),
            ("0.25 vCPU", "0.5 GB", (256, 512)),
            ("1 vCPU", "2 GB", (1024, 2048)),
            ("4096", "12288", (4096, 12_288)),
        ] {
            assert_eq!(instance_size(cpu, memory).unwrap(), expected);
        }
        let error = instance_size("1024", "1024").unwrap_err().to_string();
        assert_eq!(error, "Memory 1024 does not go with 1024 CPU units, which go with 2048, 3072, 4096 MB.");
        assert!(instance_size("300", "512").unwrap_err().to_string().starts_with("Cpu 300 is not offered"));
        assert!(instance_size("512", "lots").is_err());
    }
}
