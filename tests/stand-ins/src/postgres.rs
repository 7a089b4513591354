//! A PostgreSQL server of a test's own: the real one, in a folder that goes with it, on a port that
//! is free.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// Who may do everything on such a server.
pub const SUPERUSER: &str = "postgres";

/// The superuser's password.
pub const PASSWORD: &str = "a-test-password";

/// A running server, empty when it starts. It ends, and its folder goes, when this is dropped or
/// when this process ends.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    /// User and group that it runs as, where tests run as root, as which it does not run.
    owner: Option<(u32, u32)>,
    port: u16,
    options: Vec<String>,
    /// Ends it once its standard input ends.
    keeper: Child,
}

impl Postgres {
    /// # Panics
    /// If there is no PostgreSQL on this machine.
    pub fn start() -> Self {
        Self::with(&[], &[])
    }

    /// The same with these files in its folder and these settings, such as `ssl=on`.
    ///
    /// # Panics
    /// If there is no PostgreSQL on this machine, or it does not start with these settings.
    pub fn with(files: &[(&str, &str)], settings: &[&str]) -> Self {
        let programs = programs();
        let owner = owner();
        let folder = TempDir::with_prefix("dialgraph-postgres-").unwrap().keep();
        own(&folder, owner);
        let options = settings.iter().flat_map(|one| ["-c".to_owned(), (*one).to_owned()]);
        let mut keeper = command("sh", owner);
        keeper
            .args(["-c", "cat >/dev/null; \"$1\" -D \"$2/data\" -m immediate stop; rm -rf \"$2\""])
            .args(["keeper".as_ref(), programs.join("pg_ctl").as_os_str(), folder.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let keeper = keeper.spawn().unwrap();
        let mut server =
            Self { folder, programs, owner, port: 0, options: options.collect(), keeper };
        let password = server.folder.join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        own(&password, owner);
        let made = server
            .program("initdb")
            .arg("-D")
            .arg(server.data())
            .args(["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync", "--pwfile"])
            .arg(&password)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", words(&made));
        for (name, text) in files {
            let path = server.data().join(name);
            std::fs::write(&path, text).unwrap();
            own(&path, owner);
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&path, mode).unwrap();
        }
        server.up();
        server
    }

    /// Starts it again after [`stop`](Self::stop), on the same port, or for the first time on one
    /// that is free.
    ///
    /// # Panics
    /// If it does not start.
    pub fn up(&mut self) {
        let mut said = String::new();
        // Somebody else may take a free port before the server does.
        for _ in 0..20 {
            let port = if self.port == 0 { free_port() } else { self.port };
            let mut options = format!(
                "-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories="
            );
            for option in &self.options {
                options = format!("{options} {option}");
            }
            let log = self.folder.join("log");
            let started = self
                .program("pg_ctl")
                .arg("-D")
                .arg(self.data())
                .arg("-l")
                .arg(&log)
                .args(["-w", "-t", "120", "-o", &options, "start"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            if started.success() {
                self.port = port;
                return;
            }
            said = std::fs::read_to_string(&log).unwrap_or_default();
            if !said.contains("Address already in use") {
                break;
            }
        }
        panic!("PostgreSQL does not start: {said}");
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Panics
    /// If it does not end.
    pub fn stop(&self) {
        let stopped = self
            .program("pg_ctl")
            .arg("-D")
            .arg(self.data())
            .args(["-w", "-m", "immediate", "stop"])
            .output()
            .unwrap();
        assert!(stopped.status.success(), "pg_ctl stop: {}", words(&stopped));
    }

    /// Carries out statements in a database, and gives what they print.
    ///
    /// # Panics
    /// If one fails.
    pub fn run(&self, database: &str, statements: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", SUPERUSER])
            .args(["-d", database, "-v", "ON_ERROR_STOP=1", "-X", "-q", "-A", "-t", "-f", "-"])
            .env("PGPASSWORD", PASSWORD)
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = psql.spawn().unwrap_or_else(|error| panic!("psql: {error}; {INSTALL}"));
        running.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
        let done = running.wait_with_output().unwrap();
        assert!(done.status.success(), "psql: {}", words(&done));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }

    /// Makes a database of this name, which is free, and gives its address for this user.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn database(&self, name: &str) -> String {
        self.run("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.address(SUPERUSER, name)
    }

    /// The address of a database, without a password.
    pub fn address(&self, user: &str, database: &str) -> String {
        format!("postgresql://{user}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn program(&self, name: &str) -> Command {
        command(self.programs.join(name), self.owner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

const INSTALL: &str = "install PostgreSQL, such as Debian's package `postgresql`";

/// The folder of the newest server's programs.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").is_file().then_some((version, programs))
        })
        .collect();
    found.sort();
    let elsewhere = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
    };
    let newest = found.pop().map(|(_, programs)| programs);
    newest.or_else(elsewhere).unwrap_or_else(|| panic!("there is no initdb; {INSTALL}"))
}

/// Whom it runs as; none: as this process.
fn owner() -> Option<(u32, u32)> {
    let id = |args: &[&str]| -> Option<u32> {
        let done = Command::new("id").args(args).output().ok()?;
        String::from_utf8(done.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let of = |user: &str| Some((id(&["-u", user])?, id(&["-g", user])?));
    of("postgres").or_else(|| of("nobody"))
}

fn own(path: &Path, owner: Option<(u32, u32)>) {
    if let Some((user, group)) = owner {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

fn command(program: impl AsRef<std::ffi::OsStr>, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    // Whoever it runs as may not look into the folder where the tests run.
    command.current_dir("/");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}
