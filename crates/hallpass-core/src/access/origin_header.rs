//! The header that disagreed in a request from another site, and the hint for the operator.
//!
//! The text is plain ASCII, as the texts of the kinds of rejections are.

/// The header by which the origin check rejected a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginHeader {
    /// `Sec-Fetch-Site` is neither `same-origin` nor `none`.
    SecFetchSite,
    /// `Origin` does not have the host and port of `Host`.
    Origin,
}

impl OriginHeader {
    /// Returns the name of the header: `Sec-Fetch-Site`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecFetchSite => "Sec-Fetch-Site",
            Self::Origin => "Origin",
        }
    }

    /// Returns two sentences, in English: which header disagreed, and how the operator of the site
    /// fixes it. They contain nothing of the request.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::SecFetchSite => {
                "The header Sec-Fetch-Site is not same-origin. For the administrator: if the other site may send requests to this one, add its origin to the trusted origins."
            }
            Self::Origin => {
                "The header Origin does not match the header Host. For the administrator: the reverse proxy must pass on the Host of the browser, or the public origin of the site must be set to the address in the browser."
            }
        }
    }
}
