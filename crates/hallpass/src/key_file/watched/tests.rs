use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use hallpass_test_support::scratch::Scratch;
use tokio::{
    runtime::Builder,
    time::{Instant, sleep},
};

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

fn ring() -> KeyRing {
    KeyRing::generate_hs256([1; 32], NOW)
}

fn active(keys: &Keys) -> String {
    keys.current().active().unwrap().id().to_string()
}

async fn opened(scratch: &Scratch) -> (Keys, WatchedKeyFile) {
    let file = KeyFile::new(scratch.path("keys.json"));
    file.create(&ring()).unwrap();
    let refuse = async { Err(StartError::NoKeys) };
    let (ring, watched) = WatchedKeyFile::open(file, NOW, refuse).await.unwrap();
    (Keys::from(ring), watched)
}

/// The attack or accident: a network file system stops responding. The read hangs, and nothing else
/// waits for it.
#[test]
fn a_hanging_read_delays_neither_tasks_nor_shutdown() {
    let scratch = Scratch::new();
    let (release, hang) = mpsc::channel::<()>();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let (keys, mut watched) = opened(&scratch).await;
        let hang = Mutex::new(hang);
        let hangs = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&hangs);
        watched.read = Arc::new(move || {
            seen.store(true, Ordering::SeqCst);
            let _ = hang.lock().unwrap().recv();
            Err(KeyFileError::Missing { path: "keys.json".into() })
        });
        tokio::spawn(async move { watched.take_up_changes(&keys).await });
        while !hangs.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(1)).await;
        }
        // The only worker thread of the runtime is free.
        let other = tokio::spawn(async { sleep(Duration::from_millis(10)).await });
        timeout(Duration::from_secs(5), other).await.unwrap().unwrap();
    });
    // `Runtime::drop` waits for blocking tasks, without a time limit.
    let start = std::time::Instant::now();
    drop(runtime);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    drop(release);
}

#[tokio::test]
async fn after_a_hanging_read_the_next_change_is_taken_up() {
    let scratch = Scratch::new();
    let (keys, mut watched) = opened(&scratch).await;
    let (release, hang) = mpsc::channel::<()>();
    let (hang, path) = (Mutex::new(hang), watched.file.path().to_owned());
    watched.respond_within = Duration::from_millis(10);
    watched.read = Arc::new(move || {
        let _ = hang.lock().unwrap().recv();
        read::read(&path)
    });
    let rotated = watched.file.rotate(NOW, Duration::from_secs(60)).unwrap();
    let before = active(&keys);
    let start = Instant::now();
    {
        let mut look = std::pin::pin!(watched.take_up_changes(&keys));
        assert!(timeout(Duration::from_millis(200), &mut look).await.is_err(), "the read hangs");
        assert_eq!(active(&keys), before);
        drop(release);
        look.await;
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(active(&keys), rotated.active().unwrap().id().to_string());
}

#[tokio::test]
async fn a_start_on_a_hanging_file_system_fails_in_time() {
    let file = KeyFile::new("/srv/keys.json");
    let mut thread = FileThread::start().unwrap();
    thread.start_within = Duration::from_secs(1);
    let (release, hang) = mpsc::channel::<()>();
    let start = Instant::now();
    let read = move |_: &KeyFile| -> Result<(), KeyFileError> {
        let _ = hang.recv();
        Ok(())
    };
    let error = thread.at_start(&file, read).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let text = error.to_string();
    assert!(
        text.contains("/srv/keys.json") && text.contains("did not respond within 1 s"),
        "{text}"
    );
    drop(release);
}

#[tokio::test]
async fn a_ring_of_another_site_or_without_a_signing_key_is_not_used() {
    let scratch = Scratch::new();
    let (keys, mut watched) = opened(&scratch).await;
    let (file, before) = (watched.file.clone(), active(&keys));
    let other = KeyRing::generate_hs256([9; 32], NOW);
    let without_active = ring().to_json().replace(&format!(r#","active":"{before}""#), "");
    assert!(KeyRing::from_json(&without_active).is_ok_and(|ring| ring.active().is_none()));
    for text in [&*other.to_json(), &without_active] {
        std::fs::write(file.path(), text).unwrap();
        watched.take_up_changes(&keys).await;
        assert_eq!(active(&keys), before);
    }
    std::fs::write(file.path(), &*ring().to_json()).unwrap();
    let leaked = file.replace_leaked(NOW).unwrap();
    watched.take_up_changes(&keys).await;
    assert_eq!(
        active(&keys),
        leaked.active().unwrap().id().to_string(),
        "an encryption key is shared"
    );
}

#[tokio::test]
async fn a_refused_creation_leaves_no_file() {
    let scratch = Scratch::new();
    let file = KeyFile::new(scratch.path("keys.json"));
    let refuse = async { Err(StartError::NoKeys) };
    let refused = WatchedKeyFile::open(file.clone(), NOW, refuse).await;
    assert!(matches!(refused, Err(StartError::NoKeys)));
    assert_eq!(scratch.names(), [""; 0]);
    assert!(WatchedKeyFile::open(file, NOW, async { Ok(()) }).await.is_ok());
    assert_eq!(scratch.names(), ["keys.json"]);
}
