//! The real program as a child process.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A running `cityward`; killed when dropped.
pub(crate) struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
    /// Where it listens.
    pub(crate) url: String,
    /// What it said about signing in.
    pub(crate) sign_in: String,
}

/// `cityward` with nothing inherited that would make it use another database.
pub(crate) fn cityward(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cityward"));
    command
        .env_remove("DATABASE_URL")
        .env("CITYWARD_DATA_DIR", data)
        .env("CITYWARD_LISTEN", "127.0.0.1:0")
        .env("CITYWARD_LOG", "warn,sqlx=error");
    command
}

/// Runs a command to its end.
pub(crate) fn run(data: &Path, arguments: &[&str]) -> Output {
    cityward(data).args(arguments).output().unwrap()
}

impl Program {
    /// Starts `cityward serve` and waits until it says where it is.
    pub(crate) fn serve(data: &Path) -> Self {
        Self::start(cityward(data).arg("serve"))
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        let url = loop {
            said.clear();
            let more = output.read_line(&mut said).unwrap();
            assert_ne!(more, 0, "cityward ended: {}", child.wait().unwrap());
            if let Some((_, url)) = said.trim().split_once("http://") {
                break format!("http://{url}");
            }
        };
        let mut sign_in = String::new();
        output.read_line(&mut sign_in).unwrap();
        Self {
            child,
            output,
            url,
            sign_in,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    /// Sends a signal and waits for the end. Returns the exit code, `None` if the signal ended it.
    pub(crate) fn end(mut self, signal: Signal) -> Option<i32> {
        kill(self.pid(), signal).unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // already ended: then there is nothing to kill
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}
