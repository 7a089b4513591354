//! WASI 0.2 as far as languages' runtimes need it, and inert: no file, no network, no environment.
//!
//! Written by hand over the linker: what is served is little, and a full WASI would bring a real
//! file system and sockets into the process. Standard output and standard error become log lines;
//! the clocks stand at the run's `now`; random numbers follow from the run's seed; everything can
//! be read at once and nothing ever comes; `exit` ends the run.

use wasmtime::StoreContextMut;
use wasmtime::component::{
    ComponentNamedList, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType,
    Val,
};

use crate::lines::Output;
use crate::rng::Stream;
use crate::run::Run;
use crate::stop::Stop;

/// The newest 0.2 that is served. The linker takes every 0.2 of a component for it.
pub(crate) const VERSION: &str = "0.2.12";

/// Interfaces that are served, with the package's name.
pub(crate) const SERVED: [&str; 20] = [
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/types",
    "wasi:filesystem/preopens",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
];

/// Random bytes given at a time.
const RANDOM_BYTES: u64 = 64 << 10;
/// Bytes that a stream says it takes at a time.
const WRITE_BYTES: u64 = 64 << 10;

struct IoError;
struct Pollable;
struct InputStream;
struct OutputStream;
struct TerminalInput;
struct TerminalOutput;
struct Descriptor;
struct DirectoryEntryStream;

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Result of an operation on a stream.
type Streamed<T> = (Result<T, StreamError>,);

pub(crate) fn add_to(linker: &mut Linker<Run>) -> wasmtime::Result<()> {
    io(linker)?;
    cli(linker)?;
    clocks(linker)?;
    random(linker)?;
    filesystem(linker)
}

fn io(linker: &mut Linker<Run>) -> wasmtime::Result<()> {
    let mut error = interface(linker, "wasi:io/error")?;
    resource::<IoError>(&mut error, "error")?;
    function(&mut error, "[method]error.to-debug-string", |_, (_,): (Resource<IoError>,)| {
        Ok((String::new(),))
    })?;

    let mut poll = interface(linker, "wasi:io/poll")?;
    resource::<Pollable>(&mut poll, "pollable")?;
    function(&mut poll, "[method]pollable.ready", |_, (_,): (Resource<Pollable>,)| Ok((true,)))?;
    function(&mut poll, "[method]pollable.block", |_, (_,): (Resource<Pollable>,)| Ok(()))?;
    function(&mut poll, "poll", |_, (list,): (Vec<Resource<Pollable>>,)| {
        Ok(((0..list.len() as u32).collect::<Vec<u32>>(),))
    })?;

    let mut streams = interface(linker, "wasi:io/streams")?;
    resource::<InputStream>(&mut streams, "input-stream")?;
    resource::<OutputStream>(&mut streams, "output-stream")?;
    for name in ["read", "blocking-read"] {
        function(
            &mut streams,
            &format!("[method]input-stream.{name}"),
            |_, _: (Resource<InputStream>, u64)| {
                Ok::<Streamed<Vec<u8>>, _>((Err(StreamError::Closed),))
            },
        )?;
    }
    for name in ["skip", "blocking-skip"] {
        function(
            &mut streams,
            &format!("[method]input-stream.{name}"),
            |_, _: (Resource<InputStream>, u64)| {
                Ok::<Streamed<u64>, _>((Err(StreamError::Closed),))
            },
        )?;
    }
    function(
        &mut streams,
        "[method]input-stream.subscribe",
        |_, (_,): (Resource<InputStream>,)| Ok((Resource::<Pollable>::new_own(0),)),
    )?;
    function(
        &mut streams,
        "[method]output-stream.check-write",
        |_, (_,): (Resource<OutputStream>,)| Ok::<Streamed<u64>, _>((Ok(WRITE_BYTES),)),
    )?;
    for name in ["write", "blocking-write-and-flush"] {
        function(
            &mut streams,
            &format!("[method]output-stream.{name}"),
            |mut store: StoreContextMut<'_, Run>,
             (stream, bytes): (Resource<OutputStream>, Vec<u8>)| {
                store.data_mut().lines.write(output(&stream), &bytes);
                Ok::<Streamed<()>, _>((Ok(()),))
            },
        )?;
    }
    for name in ["flush", "blocking-flush"] {
        function(
            &mut streams,
            &format!("[method]output-stream.{name}"),
            |_, (_,): (Resource<OutputStream>,)| Ok::<Streamed<()>, _>((Ok(()),)),
        )?;
    }
    function(
        &mut streams,
        "[method]output-stream.subscribe",
        |_, (_,): (Resource<OutputStream>,)| Ok((Resource::<Pollable>::new_own(0),)),
    )?;
    for name in ["write-zeroes", "blocking-write-zeroes-and-flush"] {
        function(
            &mut streams,
            &format!("[method]output-stream.{name}"),
            |_, _: (Resource<OutputStream>, u64)| Ok::<Streamed<()>, _>((Ok(()),)),
        )?;
    }
    for name in ["splice", "blocking-splice"] {
        function(
            &mut streams,
            &format!("[method]output-stream.{name}"),
            |_, _: (Resource<OutputStream>, Resource<InputStream>, u64)| {
                Ok::<Streamed<u64>, _>((Err(StreamError::Closed),))
            },
        )?;
    }
    Ok(())
}

fn cli(linker: &mut Linker<Run>) -> wasmtime::Result<()> {
    let mut environment = interface(linker, "wasi:cli/environment")?;
    function(&mut environment, "get-environment", |_, ()| Ok((Vec::<(String, String)>::new(),)))?;
    function(&mut environment, "get-arguments", |_, ()| Ok((Vec::<String>::new(),)))?;
    function(&mut environment, "initial-cwd", |_, ()| Ok((None::<String>,)))?;

    let mut exit = interface(linker, "wasi:cli/exit")?;
    function(&mut exit, "exit", |_, (status,): (Result<(), ()>,)| {
        Err::<(), _>(Stop::Exit(u8::from(status.is_err())).into())
    })?;
    function(&mut exit, "exit-with-code", |_, (code,): (u8,)| {
        Err::<(), _>(Stop::Exit(code).into())
    })?;

    let mut stdin = interface(linker, "wasi:cli/stdin")?;
    function(&mut stdin, "get-stdin", |_, ()| Ok((Resource::<InputStream>::new_own(0),)))?;
    let mut stdout = interface(linker, "wasi:cli/stdout")?;
    function(&mut stdout, "get-stdout", |_, ()| Ok((Resource::<OutputStream>::new_own(STDOUT),)))?;
    let mut stderr = interface(linker, "wasi:cli/stderr")?;
    function(&mut stderr, "get-stderr", |_, ()| Ok((Resource::<OutputStream>::new_own(STDERR),)))?;

    resource::<TerminalInput>(
        &mut interface(linker, "wasi:cli/terminal-input")?,
        "terminal-input",
    )?;
    resource::<TerminalOutput>(
        &mut interface(linker, "wasi:cli/terminal-output")?,
        "terminal-output",
    )?;
    let mut terminal = interface(linker, "wasi:cli/terminal-stdin")?;
    function(&mut terminal, "get-terminal-stdin", |_, ()| Ok((None::<Resource<TerminalInput>>,)))?;
    for name in ["stdout", "stderr"] {
        let mut terminal = interface(linker, &format!("wasi:cli/terminal-{name}"))?;
        function(&mut terminal, &format!("get-terminal-{name}"), |_, ()| {
            Ok((None::<Resource<TerminalOutput>>,))
        })?;
    }
    Ok(())
}

// What an output stream's representation stands for.
const STDOUT: u32 = 1;
const STDERR: u32 = 2;

fn output(stream: &Resource<OutputStream>) -> Output {
    if stream.rep() == STDERR { Output::Err } else { Output::Out }
}

/// Both clocks stand still during a run, so waiting for a time to come ends at once.
fn clocks(linker: &mut Linker<Run>) -> wasmtime::Result<()> {
    let mut monotonic = interface(linker, "wasi:clocks/monotonic-clock")?;
    function(&mut monotonic, "now", |store, ()| Ok((store.data().now.saturating_mul(1_000_000),)))?;
    function(&mut monotonic, "resolution", |_, ()| Ok((1_000_000_u64,)))?;
    for name in ["subscribe-instant", "subscribe-duration"] {
        function(&mut monotonic, name, |_, (_,): (u64,)| Ok((Resource::<Pollable>::new_own(0),)))?;
    }

    let mut wall = interface(linker, "wasi:clocks/wall-clock")?;
    function(&mut wall, "now", |store, ()| {
        let now = store.data().now;
        Ok((Datetime { seconds: now / 1_000, nanoseconds: (now % 1_000) as u32 * 1_000_000 },))
    })?;
    function(&mut wall, "resolution", |_, ()| {
        Ok((Datetime { seconds: 0, nanoseconds: 1_000_000 },))
    })
}

fn random(linker: &mut Linker<Run>) -> wasmtime::Result<()> {
    for (name, kind, stream) in
        [("random", "random", Stream::Wasi), ("insecure", "insecure-random", Stream::Insecure)]
    {
        let mut random = interface(linker, &format!("wasi:random/{name}"))?;
        function(
            &mut random,
            &format!("get-{kind}-bytes"),
            move |mut store: StoreContextMut<'_, Run>, (count,): (u64,)| {
                if count > RANDOM_BYTES {
                    return Err(Stop::Limit(format!(
                        "it wanted {count} random bytes at a time, and {RANDOM_BYTES} are given at most"
                    ))
                    .into());
                }
                Ok((store.data_mut().rng(stream).bytes(count as usize),))
            },
        )?;
        function(
            &mut random,
            &format!("get-{kind}-u64"),
            move |mut store: StoreContextMut<'_, Run>, ()| {
                Ok((store.data_mut().rng(stream).number(),))
            },
        )?;
    }
    let mut seed = interface(linker, "wasi:random/insecure-seed")?;
    function(&mut seed, "insecure-seed", |mut store: StoreContextMut<'_, Run>, ()| {
        let rng = store.data_mut().rng(Stream::Insecure);
        Ok(((rng.number(), rng.number()),))
    })
}

/// There is no directory to begin with, so a runtime finds nothing to open, and none of the rest is
/// reached by a well-behaved one.
fn filesystem(linker: &mut Linker<Run>) -> wasmtime::Result<()> {
    let mut preopens = interface(linker, "wasi:filesystem/preopens")?;
    function(&mut preopens, "get-directories", |_, ()| {
        Ok((Vec::<(Resource<Descriptor>, String)>::new(),))
    })?;

    let mut types = interface(linker, "wasi:filesystem/types")?;
    resource::<Descriptor>(&mut types, "descriptor")?;
    resource::<DirectoryEntryStream>(&mut types, "directory-entry-stream")?;
    let absent = |_: StoreContextMut<'_, Run>, _, _: &[Val], _: &mut [Val]| {
        Err(Stop::Absent("a file system").into())
    };
    for method in [
        "read-via-stream",
        "write-via-stream",
        "append-via-stream",
        "advise",
        "sync-data",
        "get-flags",
        "get-type",
        "set-size",
        "set-times",
        "read",
        "write",
        "read-directory",
        "sync",
        "create-directory-at",
        "stat",
        "stat-at",
        "set-times-at",
        "link-at",
        "open-at",
        "readlink-at",
        "remove-directory-at",
        "rename-at",
        "symlink-at",
        "unlink-file-at",
        "is-same-object",
        "metadata-hash",
        "metadata-hash-at",
    ] {
        types.func_new(&format!("[method]descriptor.{method}"), absent)?;
    }
    types.func_new("[method]directory-entry-stream.read-directory-entry", absent)?;
    types.func_new("filesystem-error-code", absent)
}

fn interface<'a>(
    linker: &'a mut Linker<Run>,
    name: &str,
) -> wasmtime::Result<LinkerInstance<'a, Run>> {
    linker.instance(&format!("{name}@{VERSION}"))
}

/// A resource of which the host keeps nothing.
fn resource<T: 'static>(
    instance: &mut LinkerInstance<'_, Run>,
    name: &str,
) -> wasmtime::Result<()> {
    instance.resource(name, ResourceType::host::<T>(), |_, _| Ok(()))
}

fn function<P, R>(
    instance: &mut LinkerInstance<'_, Run>,
    name: &str,
    body: impl Fn(StoreContextMut<'_, Run>, P) -> wasmtime::Result<R> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + 'static,
    R: ComponentNamedList + Lower + 'static,
{
    instance.func_wrap(name, body)
}
