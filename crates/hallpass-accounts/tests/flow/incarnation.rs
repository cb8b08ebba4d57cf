//! A running node continues on another incarnation of its store only if no revocation can be lost:
//! after a failover, or after the epoch of the site was raised (row 53 of the threat table).

use hallpass_accounts::{Incarnation, Readiness, RevocationSync, SiteStore};
use hallpass_core::{Access, Token};

use crate::site::{Site, SiteRole};

/// A node that has read its store, and the token of a session that has ended.
struct Node {
    site: Site,
    sync: RevocationSync<SiteRole>,
    revoked: Token<Access>,
    incarnation: Incarnation,
}

impl Node {
    async fn on(identity: &str, timeline: u64) -> Self {
        let (site, incarnation) = (Site::new(), named(identity, timeline));
        assert!(site.store.record_incarnation(None, &incarnation).await.unwrap());
        let revoked = site.register("alice").await.access;
        let who = site.verify(&revoked).unwrap();
        site.accounts.log_out(&who).await.unwrap();
        let sync = RevocationSync::new(&site.accounts);
        let node = Self { site, sync, revoked, incarnation };
        assert_eq!(node.readiness().await, Readiness::Ready);
        node
    }

    /// The next read finds a store that was used as this incarnation.
    async fn moves_to(&mut self, identity: &str, timeline: u64) {
        let next = named(identity, timeline);
        let store = &self.site.store;
        assert!(store.record_incarnation(Some(&self.incarnation), &next).await.unwrap());
        self.incarnation = next;
    }

    async fn readiness(&self) -> Readiness {
        self.sync.read().await.unwrap();
        self.sync.readiness()
    }

    /// The list keeps its entries until the epoch revokes every token that they reject.
    async fn assert_restored_until_the_epoch_is_raised(&self) {
        assert_eq!(self.readiness().await, Readiness::Restored);
        assert!(self.site.verify(&self.revoked).is_none());
        self.site.store.raise_epoch(self.site.now()).await.unwrap();
        assert_eq!(self.readiness().await, Readiness::Ready, "an operator has accepted the store");
        assert!(self.site.verify(&self.revoked).is_none());
    }
}

fn named(identity: &str, timeline: u64) -> Incarnation {
    Incarnation { identity: identity.to_owned(), timeline }
}

#[tokio::test]
async fn node_continues_after_another_node_has_recorded_a_failover() {
    let mut node = Node::on("server", 1).await;
    node.moves_to("server", 2).await;
    assert_eq!(node.readiness().await, Readiness::Ready);
    assert!(node.site.verify(&node.revoked).is_none());
}

#[tokio::test]
async fn snapshot_of_an_earlier_timeline_is_a_restored_store() {
    let mut node = Node::on("server", 2).await;
    node.moves_to("server", 1).await;
    node.assert_restored_until_the_epoch_is_raised().await;
}

#[tokio::test]
async fn store_of_another_server_is_a_restored_store() {
    let mut node = Node::on("server", 1).await;
    node.moves_to("other server", 1).await;
    node.assert_restored_until_the_epoch_is_raised().await;
}

#[tokio::test]
async fn store_without_entries_that_it_had_is_a_restored_store() {
    let node = Node::on("server", 1).await;
    for name in ["bob", "carol"] {
        let access = node.site.register(name).await.access;
        let who = node.site.verify(&access).unwrap();
        node.site.accounts.log_out(&who).await.unwrap();
    }
    assert_eq!(node.readiness().await, Readiness::Ready);
    node.site.store.lose_log();
    node.assert_restored_until_the_epoch_is_raised().await;
}
