//! One server, and one thing after the other that should bring it down, with calls going on all the
//! time.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::admin::excessive;
use crate::commands::site;
use crate::server::{Server, Site};

/// Callers at a time.
const CALLERS: usize = 4;
/// Calls that are made in each phase at least.
const CALLS: usize = 60;

const PHASES: [&str; 6] = [
    "quiet",
    "flows that are too much",
    "components that are too much",
    "clients that never read",
    "full disk",
    "afterwards",
];
const FULL: usize = 4;

/// What callers have seen so far.
#[derive(Default)]
struct Seen {
    phase: AtomicUsize,
    stop: AtomicBool,
    /// Of each turn: its phase, how long it took, and what was answered.
    turns: Mutex<Vec<(usize, Duration, u16)>>,
    calls: [AtomicUsize; PHASES.len()],
}

impl Seen {
    /// A turn of a call; none when it was refused.
    fn turn(&self, server: &Server, path: &str, body: &Value) -> Option<Value> {
        let phase = self.phase.load(Ordering::SeqCst);
        let begun = Instant::now();
        let reply = server.post(path, body);
        self.turns.lock().unwrap().push((phase, begun.elapsed(), reply.status));
        let good = matches!(reply.status, 200 | 201);
        // The disk may have become full, or have room again, while it was under way.
        let full = phase == FULL || self.phase.load(Ordering::SeqCst) == FULL;
        assert!(good || full, "{}: {reply:?}\n{}", PHASES[phase], server.log());
        good.then(|| reply.json())
    }

    /// A whole call, as far as the server goes along.
    fn call(&self, server: &Server, id: &str) -> Option<()> {
        let phase = self.phase.load(Ordering::SeqCst);
        let begun = self.turn(server, "/v1/calls", &json!({"id": id, "flow": "pin"}))?;
        assert_eq!(begun["say"][0]["text"], "Your PIN?", "{begun}");
        let turns = format!("/v1/calls/{id}/turns");
        let pressed = json!({"turn": begun["turn"], "event": "pressed", "keys": "1234"});
        let asked = self.turn(server, &turns, &pressed)?;
        assert_eq!(asked["say"][0]["text"], "Your word?", "{asked}");
        let said = json!({"turn": asked["turn"], "event": "said", "text": "open sesame"});
        let ended = self.turn(server, &turns, &said)?;
        assert_eq!(ended["then"]["action"], "hang_up", "{ended}");
        self.calls[phase].fetch_add(1, Ordering::SeqCst);
        Some(())
    }

    fn percentile(&self, phase: usize, percent: usize) -> Duration {
        let turns = self.turns.lock().unwrap();
        let mut times: Vec<_> =
            turns.iter().filter(|turn| turn.0 == phase).map(|turn| turn.1).collect();
        times.sort();
        times[(times.len() - 1) * percent / 100]
    }

    fn refused(&self, phase: usize) -> usize {
        let turns = self.turns.lock().unwrap();
        turns.iter().filter(|turn| turn.0 == phase && turn.2 >= 300).count()
    }
}

/// A disk of the server's own, in memory, on which its store is: only it and its children see it
/// there.
fn disk(site: Site) -> Site {
    let mount = format!(
        "mkdir -p '{0}' && mount -t tmpfs -o size=512m tmpfs '{0}' && exec \"$0\" \"$@\"",
        site.path().join("store").display()
    );
    // Whoever is not root is so in a namespace of their own.
    let user: &[&str] =
        if rustix::process::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
    site.through(&[&["unshare", "--mount"], user, &["sh", "-c", &mount]].concat())
}

/// Another program takes all but a little of the disk; gives its file.
fn fill(server: &Server, store: &Path) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", server.id()));
    let folder = root.join(store.strip_prefix("/").unwrap());
    let disk = rustix::fs::statvfs(&folder).unwrap();
    let (free, left) = (disk.f_bavail * disk.f_frsize, 8 << 20);
    let file = folder.join("of-another-program");
    let bytes = vec![0; 1 << 20];
    let mut writer = std::fs::File::create(&file).unwrap();
    for _ in 0..(free - left) >> 20 {
        writer.write_all(&bytes).unwrap();
    }
    file
}

fn flows_that_are_too_much(server: &Server) {
    for (what, text) in excessive() {
        let reply = server.request("PUT", "/v1/flows/long?dry_run=true", &[], text.as_bytes());
        assert!(matches!(reply.status, 200 | 422), "{what}: {}", reply.status);
    }
}

fn components_that_are_too_much(server: &Server) {
    for bytes in [
        &include_bytes!("../../../../tests/bombs/locals_1000.wasm")[..],
        include_bytes!("../../../../tests/bombs/nested_instances_22.wasm"),
    ] {
        let reply = server.request("PUT", "/v1/plugins/bomb?dry_run=true", &[], bytes);
        assert_eq!(reply.status, 422, "{reply:?}");
        assert!(reply.text.contains("is not compiled"), "{reply:?}");
    }
}

fn clients_that_never_read(server: &Server) {
    let ask = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(2000);
    let greedy: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(ask.as_bytes());
            stream
        })
        .collect();
    server.wait_until("all of them were let go", |server| {
        server.figure("dialgraph_connections_cut_off_total", "never-read") >= 40.0
    });
    drop(greedy);
}

/// Its figures are printed: `cargo test -p dialgraph --test deploy -- ordeal --nocapture`.
#[test]
#[allow(clippy::print_stdout, reason = "its figures are for who asks for them")]
fn a_server_lives_through_all_of_it_with_calls_going_on() {
    let site = disk(site().set("DIALGRAPH_SERVER__WRITE_TIMEOUT", "300ms"));
    let server = Arc::new(site.start());
    let seen = Arc::new(Seen::default());
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (seen, server) = (seen.clone(), server.clone());
            std::thread::spawn(move || {
                for number in 0.. {
                    if seen.stop.load(Ordering::SeqCst) {
                        return;
                    }
                    seen.call(&server, &format!("c-{caller}-{number}"));
                }
            })
        })
        .collect();
    for (phase, name) in PHASES.iter().enumerate() {
        seen.phase.store(phase, Ordering::SeqCst);
        match *name {
            "flows that are too much" => flows_that_are_too_much(&server),
            "components that are too much" => components_that_are_too_much(&server),
            "clients that never read" => clients_that_never_read(&server),
            "full disk" => {
                let file = fill(&server, &site.path().join("store"));
                server.wait_until("turns are refused", |_| seen.refused(FULL) >= CALLS);
                assert_eq!(server.get("/healthz").status, 200);
                std::fs::remove_file(file).unwrap();
                // Not a moment is promised, only that it comes about by itself.
                server.wait_until("calls are taken again", |server| {
                    server.get("/readyz").status == 200
                        && server.post("/v1/calls", &json!({"flow": "pin"})).status == 201
                });
            }
            _ => {}
        }
        if phase != FULL {
            server.wait_until("calls are made", |_| {
                callers.iter().all(|caller| !caller.is_finished())
                    && seen.calls[phase].load(Ordering::SeqCst) >= CALLS
            });
        }
    }
    seen.stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.join().unwrap();
    }
    let quiet = seen.percentile(0, 99);
    for (phase, name) in PHASES.iter().enumerate() {
        let (p50, p99) = (seen.percentile(phase, 50), seen.percentile(phase, 99));
        let ratio = p99.as_secs_f64() / quiet.as_secs_f64();
        let (calls, refused) = (seen.calls[phase].load(Ordering::SeqCst), seen.refused(phase));
        println!(
            "{name}: {calls} calls, p50 {p50:.1?}, p99 {p99:.1?} ({ratio:.1}x), {refused} turns refused"
        );
    }
    let url = format!("http://{}", server.address());
    let verified = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(["store", "verify", "--server", &url])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&verified.stdout).contains("nothing is wrong"), "{verified:?}");
    let server = Arc::into_inner(server).unwrap();
    server.terminate();
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
}
