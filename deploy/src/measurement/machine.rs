//! The machine that measures.

use std::fs;
use std::thread::available_parallelism;

/// What Linux tells of it.
pub fn machine() -> report::Machine {
    let cores = available_parallelism().map_or(1, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| field(&text, "model name"));
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| field(&text, "MemTotal"));
    let kilobytes = memory.and_then(|text| text.strip_suffix(" kB")?.trim().parse::<u64>().ok());
    report::Machine {
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        processor,
        cores: u32::try_from(cores).unwrap_or(u32::MAX),
        memory_bytes: kilobytes.map(|kilobytes| kilobytes * 1024),
    }
}

/// The value of a line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "model\t\t: 79\nmodel name\t: A Processor @ 2.20GHz\nMemTotal:  8123456 kB\n";
        assert_eq!(field(text, "model name").as_deref(), Some("A Processor @ 2.20GHz"));
        assert_eq!(field(text, "MemTotal").as_deref(), Some("8123456 kB"));
        assert_eq!(field(text, "Mem"), None);
    }

    #[test]
    fn this_machine_has_cores_and_memory() {
        let machine = machine();
        assert!(
            machine.cores > 0 && machine.memory_bytes.is_some_and(|bytes| bytes > 1 << 20),
            "{machine:?}"
        );
    }
}
