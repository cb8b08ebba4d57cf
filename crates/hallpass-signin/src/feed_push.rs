//! Being woken by the site's feeds, whatever they live in.

use hallpass_core::Role;

use crate::{
    sign_in::SignIn,
    store::{StoreFault, erased::ErasedPush},
};

/// One line on which news of the revocation feed arrives.
pub struct FeedPush(Box<dyn ErasedPush>);

impl FeedPush {
    /// Waits until the feed may have news: [`Push::news`](crate::Push::news).
    ///
    /// # Errors
    /// The line is down. Wait a little and call again.
    pub async fn news(&mut self) -> Result<(), StoreFault> {
        self.0.news().await
    }
}

impl std::fmt::Debug for FeedPush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FeedPush")
    }
}

impl<R: Role> SignIn<R> {
    /// The lines of this site: that of its feed, and those of each [`push_through`](crate::SignInBuilder::push_through). Whoever
    /// hears something [catches up](Self::catch_up).
    #[must_use]
    pub fn pushes(&self) -> Vec<FeedPush> {
        let stores = self.stores();
        stores.feed.iter().chain(&stores.pushes).map(|feed| FeedPush(feed.push())).collect()
    }
}
