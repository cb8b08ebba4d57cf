//! The background tasks: the revocation sync, and the reload of a changed key file.

use std::time::Duration;

use hallpass_accounts::RevocationSync;
use hallpass_core::{Keys, Maintenance, Role};
use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::key_file::watched::WatchedKeyFile;

/// The running tasks. Dropping this value stops them. They are independent: a key file whose file
/// system does not respond does not delay the revocation sync.
#[derive(Default)]
pub(crate) struct Background {
    _tasks: JoinSet<()>,
}

impl Background {
    /// Spawns the tasks on this runtime.
    ///
    /// `maintenance` is that of the revocation list: a stream that is opened before the sync is
    /// polled for the first time must wait too.
    pub(crate) fn start<R: Role>(
        runtime: &Handle,
        sync: RevocationSync<R>,
        maintenance: Maintenance,
        key_file: Option<(WatchedKeyFile, Keys)>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let run = async move {
            let _maintenance = maintenance;
            sync.run().await;
        };
        tasks.spawn_on(run, runtime);
        if let Some((file, keys)) = key_file {
            tasks.spawn_on(watch(file, keys), runtime);
        }
        Self { _tasks: tasks }
    }
}

async fn watch(mut file: WatchedKeyFile, keys: Keys) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        file.take_up_changes(&keys).await;
    }
}

const PERIOD: Duration = Duration::from_secs(1);
