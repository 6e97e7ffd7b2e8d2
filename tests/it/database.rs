//! The embedded database through its life.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::tempdir;

use crate::city::TestCity;
use crate::program::{Program, run};

#[tokio::test]
async fn every_test_has_a_city_of_its_own() {
    let (one, other) = tokio::join!(TestCity::new(), TestCity::new());
    one.unit(1).await;
    let count = "select count(*) from unit";
    let of_one: i64 = sqlx::query_scalar(count).fetch_one(&one.db).await.unwrap();
    let of_other: i64 = sqlx::query_scalar(count)
        .fetch_one(&other.db)
        .await
        .unwrap();
    assert_eq!((of_one, of_other), (1, 0));
}

/// The server's process id, as PostgreSQL notes it in its folder.
fn server_of(data: &Path) -> Option<Pid> {
    let note = fs::read_to_string(data.join("pg/postmaster.pid")).ok()?;
    Some(Pid::from_raw(note.lines().next()?.parse().ok()?))
}

/// Whether a process still works somewhere; one that ended and was not reaped yet does not.
fn is_alive(pid: Pid) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok()
}

#[test]
fn a_stop_by_signal_stops_the_server_cleanly_and_the_next_start_finds_the_data() {
    let data = tempdir().unwrap();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let program = Program::serve(data.path());
        let server = server_of(data.path()).unwrap();
        assert!(is_alive(server));
        assert_eq!(program.end(signal), Some(0));
        assert!(!is_alive(server));
        assert_eq!(server_of(data.path()), None, "a note means an unclean end");
    }
    let again = Program::serve(data.path());
    assert!(
        again.sign_in.contains("Sign in as before"),
        "the administrator was lost: {}",
        again.sign_in
    );
    again.end(Signal::SIGTERM);
}

#[test]
fn a_second_instance_on_the_same_folder_is_refused_by_name() {
    let data = tempdir().unwrap();
    let first = Program::serve(data.path());
    let second = run(data.path(), &["serve"]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    let sentence = format!("is in use by process {}", first.pid());
    assert!(said.contains(&sentence), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    first.end(Signal::SIGTERM);
}

#[test]
fn a_command_joins_the_database_of_the_running_service_and_leaves_it_running() {
    let data = tempdir().unwrap();
    let service = Program::serve(data.path());
    let server = server_of(data.path());
    let command = run(data.path(), &["password"]);
    assert!(command.status.success(), "{command:?}");
    assert_eq!(server_of(data.path()), server);
    assert_eq!(service.end(Signal::SIGTERM), Some(0));
    // alone, it starts and stops the database itself
    let command = run(data.path(), &["password"]);
    assert!(command.status.success(), "{command:?}");
    assert_eq!(server_of(data.path()), None);
}

#[test]
fn a_killed_program_leaves_nothing_that_hinders_the_next_start() {
    let data = tempdir().unwrap();
    let program = Program::serve(data.path());
    assert_eq!(program.end(Signal::SIGKILL), None);
    let orphan = server_of(data.path()).unwrap();
    assert!(is_alive(orphan), "the server outlives a killed program");

    let program = Program::serve(data.path());
    assert!(!is_alive(orphan));
    assert!(program.sign_in.contains("Sign in as before"));

    // now the server is killed too: PostgreSQL recovers from its log
    let server = server_of(data.path()).unwrap();
    kill(server, Signal::SIGKILL).unwrap();
    assert_eq!(program.end(Signal::SIGKILL), None);
    let program = Program::serve(data.path());
    assert!(program.sign_in.contains("Sign in as before"));
    assert_eq!(program.end(Signal::SIGTERM), Some(0));
}

#[test]
fn a_number_that_now_belongs_to_another_process_is_not_taken_for_the_server() {
    let data = tempdir().unwrap();
    Program::serve(data.path()).end(Signal::SIGTERM);
    let mut other = Command::new("sleep").arg("600").spawn().unwrap();
    let note = format!("{}\n{}\n", other.id(), data.path().join("pg").display());
    fs::write(data.path().join("pg/postmaster.pid"), note).unwrap();
    let program = Program::serve(data.path());
    assert_eq!(program.end(Signal::SIGTERM), Some(0));
    assert!(
        other.try_wait().unwrap().is_none(),
        "a stranger was stopped"
    );
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_data_folder_with_a_path_too_long_for_a_socket_works() {
    let data = tempdir().unwrap();
    let deep = data.path().join("a-long-name-for-a-folder".repeat(5));
    let program = Program::serve(&deep);
    assert_eq!(program.end(Signal::SIGTERM), Some(0));
}
