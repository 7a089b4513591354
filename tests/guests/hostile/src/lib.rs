//! Does what its configuration tells it to do wrong: `{"do": "spin"}`.

wit_bindgen::generate!({
    inline: "
        package test:hostile;
        world hostile {
            include dialgraph:plugin/node@1.0.0;
            import dialgraph:plugin/log@1.0.0;
            import dialgraph:plugin/records-read@1.0.0;
        }
    ",
    path: "../../../wit",
    generate_all,
});

use std::hint::black_box;

use dialgraph::plugin::log::{self, Level};
use dialgraph::plugin::records_read::{self, Source};
use exports::dialgraph::plugin::plugin::{
    Accept, Ask, Descriptor, Digits, Done, Guest, Invocation, NodeError, Outcome, Port, Prompt,
};

struct Hostile;

impl Guest for Hostile {
    fn describe() -> Descriptor {
        Descriptor {
            name: "hostile".to_owned(),
            version: "0.1.0".to_owned(),
            summary: "Misbehaves as it is told.".to_owned(),
            ports: vec![Port {
                name: "done".to_owned(),
                summary: "When it behaved after all.".to_owned(),
            }],
            config_schema: r#"{"type":"object"}"#.to_owned(),
            input_schema: "{}".to_owned(),
            output_schema: r#"{"type":"object","properties":{"count":{"type":"integer"}}}"#
                .to_owned(),
            extra: Vec::new(),
        }
    }

    fn run(invocation: Invocation) -> Result<Outcome, NodeError> {
        let config: serde_json::Value = serde_json::from_str(&invocation.config).unwrap();
        let number = |key: &str| config[key].as_u64().unwrap_or_default();
        match config["do"].as_str().unwrap_or_default() {
            "behave" => Ok(done("done", r#"{"count":1}"#)),
            "spin" => spin(),
            "recurse" => Ok(done("done", &format!(r#"{{"count":{}}}"#, recurse(1)))),
            "allocate" => allocate(),
            "panic" => grumble(number("customers")),
            "trap" => {
                #[cfg(target_arch = "wasm32")]
                core::arch::wasm32::unreachable();
                #[cfg(not(target_arch = "wasm32"))]
                unreachable!()
            }
            "out-of-bounds" => {
                let address = black_box(u32::MAX as usize - 64) as *const u64;
                let read = unsafe { address.read_volatile() };
                Ok(done("done", &format!(r#"{{"count":{read}}}"#)))
            }
            "exit" => std::process::exit(3),
            "huge-output" => Ok(done(
                "done",
                &format!(r#"{{"text":"{}"}}"#, "x".repeat(number("bytes") as usize)),
            )),
            "undeclared-port" => Ok(done("elsewhere", "{}")),
            "output" => Ok(done("done", config["output"].as_str().unwrap_or_default())),
            "ask" => Ok(ask(&config)),
            "call" => {
                let key = "k".repeat(number("bytes").max(1) as usize);
                let mut found = 0;
                for _ in 0..number("times").max(1) {
                    found += u32::from(matches!(
                        records_read::get("customers", &key, Source::Current),
                        Ok(Some(_))
                    ));
                }
                Ok(done("done", &format!(r#"{{"count":{found}}}"#)))
            }
            "flood" => loop {
                black_box(records_read::get("customers", "c-001", Source::Current).is_ok());
            },
            "log" => {
                for line in 0..number("times") {
                    log::log(Level::Info, &format!("line {line}"), &[]);
                }
                Ok(done("done", "{}"))
            }
            "long-line" => {
                log::log(Level::Warn, &"x".repeat(20_000), &[]);
                Ok(done("done", "{}"))
            }
            "print" => {
                println!("on standard output");
                eprintln!("on standard error");
                Ok(done("done", "{}"))
            }
            "look-around" => Ok(look_around()),
            "hoard" => hoard(number("handles")),
            other => unreachable!("it is not known what `{other}` is"),
        }
    }
}

fn done(port: &str, output: &str) -> Outcome {
    Outcome::Done(Done {
        port: port.to_owned(),
        output: output.to_owned(),
        say: Vec::new(),
        extra: Vec::new(),
    })
}

/// Takes handles and gives none back.
fn hoard(handles: u64) -> Result<Outcome, NodeError> {
    #[link(wasm_import_module = "wasi:cli/stdout@0.2.6")]
    unsafe extern "C" {
        #[link_name = "get-stdout"]
        safe fn get_stdout() -> i32;
    }
    for _ in 0..handles {
        black_box(get_stdout());
    }
    Ok(done("done", "{}"))
}

#[inline(never)]
fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns).wrapping_add(1);
    }
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let page = black_box([depth; 16]);
    black_box(recurse(depth + page[3])) + page[5]
}

#[inline(never)]
fn allocate() -> ! {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(black_box(vec![1; 1 << 20]));
    }
}

#[inline(never)]
fn grumble(customers: u64) -> ! {
    panic!("there are {customers} customers of that name");
}

/// An ask with everything that its configuration says, sound where it says nothing.
fn ask(config: &serde_json::Value) -> Outcome {
    let number = |key: &str, otherwise: u64| config[key].as_u64().unwrap_or(otherwise) as usize;
    let digits = config["digits"].as_array().map(|range| Digits {
        min: range[0].as_u64().unwrap_or_default() as u32,
        max: range[1].as_u64().unwrap_or_default() as u32,
        terminator: config["terminator"].as_str().map(str::to_owned),
        extra: Vec::new(),
    });
    Outcome::Ask(Ask {
        say: vec![
            Prompt {
                text: match config["text"].as_str() {
                    Some(text) => text.to_owned(),
                    None => "가".repeat(number("characters", 10)),
                },
                ssml: config["ssml"].as_bool().unwrap_or_default(),
                extra: Vec::new(),
            };
            number("prompts", 1)
        ],
        accept: Accept {
            speech: config["speech"].as_bool().unwrap_or(true),
            digits,
            timeout_ms: number("timeout", 5_000) as u32,
            sensitive: false,
            hints: vec!["yes".to_owned()],
            extra: Vec::new(),
        },
        state: match config["state"].as_str() {
            Some(state) => state.to_owned(),
            None => format!("\"{}\"", "s".repeat(number("state", 8))),
        },
        extra: Vec::new(),
    })
}

/// What a plugin can see of the machine.
fn look_around() -> Outcome {
    use std::collections::hash_map::RandomState;
    use std::hash::BuildHasher;
    use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

    let before = Instant::now();
    std::thread::sleep(Duration::from_secs(3_600));
    let seen = serde_json::json!({
        "environment": std::env::vars().count(),
        "arguments": std::env::args().count(),
        "passwords": std::fs::read("/etc/passwd").map_err(|error| error.kind().to_string()).err(),
        "folder": std::fs::read_dir(".").map_err(|error| error.kind().to_string()).err(),
        "written": std::fs::write("x", "y").map_err(|error| error.kind().to_string()).err(),
        "now_ms": SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64,
        "slept_ms": before.elapsed().as_millis() as u64,
        "hash": RandomState::new().hash_one("x"),
    });
    done("done", &seen.to_string())
}

export!(Hostile);
