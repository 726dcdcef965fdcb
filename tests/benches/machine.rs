//! What every benchmark says about itself: the command, the machine, spreads.

/// Prints what was measured, how to measure it again, and on what.
pub(crate) fn introduce(title: &str, command: &str) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let profile = if cfg!(debug_assertions) {
        "  NOT OPTIMISED: the figures mean nothing"
    } else {
        ""
    };
    println!("{title}");
    println!("  command: {command}");
    println!(
        "  machine: {cores} cores, {}, {} GiB, load {}{profile}",
        processor(),
        memory_gib(),
        load()
    );
}

fn processor() -> String {
    field("/proc/cpuinfo", "model name").unwrap_or_else(|| "processor unknown".to_owned())
}

fn memory_gib() -> u64 {
    let total = field("/proc/meminfo", "MemTotal");
    let kib = total.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / (1 << 20)
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

/// Returns the value of `name:` in a file of /proc.
pub(crate) fn field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Values of one measurement.
pub(crate) struct Spread {
    sorted: Vec<f64>,
}

impl Spread {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { sorted: values }
    }

    pub(crate) fn least(&self) -> f64 {
        self.sorted.first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn most(&self) -> f64 {
        self.sorted.last().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.sorted.len() / 2;
        self.sorted.get(middle).copied().unwrap_or(f64::NAN)
    }
}
