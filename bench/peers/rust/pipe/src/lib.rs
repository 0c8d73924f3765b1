//! What every peer speaks with `swapc bench` (bench/peer.h): requests, then lines "FROM TO", each answered by the CPU
//! time of the process so far.
use std::io::{self, BufRead, Read, Write};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn fail(what: &str, why: impl std::fmt::Display) -> ! {
    eprintln!(
        "{}: {what}: {why}",
        std::env::args().next().unwrap_or_default()
    );
    std::process::exit(1)
}

fn cpu_ns() -> u64 {
    let mut usage = unsafe { std::mem::zeroed::<libc::rusage>() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    [usage.ru_utime, usage.ru_stime]
        .iter()
        .map(|t| t.tv_sec as u64 * 1_000_000_000 + t.tv_usec as u64 * 1000)
        .sum()
}

fn number(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn requests(from: &mut impl Read) -> io::Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for _ in 0..number(from)? {
        let mut bytes = vec![0; number(from)? as usize];
        from.read_exact(&mut bytes)?;
        all.push(bytes);
    }
    Ok(all)
}

/// The module's bytes, the first argument.
pub fn module() -> Vec<u8> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| fail("usage", "PEER MODULE OPERATION"));
    std::fs::read(&path).unwrap_or_else(|why| fail(&path, why))
}

/// The operation's name, the second argument.
pub fn operation() -> String {
    std::env::args()
        .nth(2)
        .unwrap_or_else(|| fail("usage", "PEER MODULE OPERATION"))
}

/// Serves until standard input ends: first "ok HEX", the answer, for each request.
pub fn serve(mut call: impl FnMut(&[u8]) -> Result<Vec<u8>, Failure>) {
    let mut from = io::BufReader::new(io::stdin().lock());
    let mut to = io::stdout().lock();
    let all = requests(&mut from).unwrap_or_else(|why| fail("requests", why));
    let mut run = |i: usize| call(&all[i % all.len()]).unwrap_or_else(|why| fail("call", why));
    for i in 0..all.len() {
        let hex: String = run(i).iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(to, "ok {hex}").ok();
    }
    to.flush().ok();
    for line in from.lines() {
        let line = line.unwrap_or_else(|why| fail("input", why));
        let bounds: Vec<usize> = line
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let &[first, end] = &bounds[..] else {
            fail("input", line)
        };
        for i in first..end {
            run(i);
        }
        writeln!(to, "{}", cpu_ns()).ok();
        to.flush().ok();
    }
}
