//! What the server takes, as the kernel counts it.

use std::fs;

/// Of one process, from /proc.
#[derive(Clone, Copy)]
pub struct Server {
    pid: u32,
}

impl Server {
    pub fn new(pid: u32) -> Result<Self, String> {
        let server = Server { pid };
        server.cpu_seconds().map(|_| server).ok_or(format!("--pid: no process {pid}"))
    }

    /// User and system time of all its threads, in steps of a hundredth.
    pub fn cpu_seconds(self) -> Option<f64> {
        // SAFETY: sysconf reads a constant.
        let tick = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
        Some(cpu_ticks(&self.read("stat")?)? as f64 / tick)
    }

    /// Resident memory in MiB.
    pub fn memory(self) -> Option<f64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib / 1024.0)
    }

    fn read(self, file: &str) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.pid)).ok()
    }
}

/// The command's name, second in the line, may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// Of this process, in seconds.
pub fn own_cpu_seconds() -> f64 {
    Server { pid: std::process::id() }.cpu_seconds().unwrap_or_default()
}

/// Of the last minute.
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_and_blanks_do_not_confuse() {
        let stat = "17 (a) b (c) S 1 17 17 0 -1 4194560 1 2 3 4 250 31 7 8 20 0 9";
        assert_eq!(cpu_ticks(stat), Some(281));
        assert_eq!(cpu_ticks("17 (a) S 1"), None);
    }

    #[test]
    fn this_process_can_be_watched() {
        let own = Server::new(std::process::id()).unwrap();
        assert!(own.memory().unwrap() > 0.5);
        assert!(own.cpu_seconds().is_some());
        assert!(Server::new(u32::MAX).is_err());
    }
}
