//~ a role's name cannot contain U+0000
//~ a role's name cannot contain U+000A
//~ a role's name cannot contain U+202E
//~ a role's name cannot contain U+200B
//~ a role's name cannot contain U+FE0F
//~ a role's name cannot contain U+3164
//~ use letters, digits, punctuation and spaces
use hallpass::Role;

#[derive(Role)]
enum SiteRole {
    #[role(name = "ad\0min")]
    Nul,
    #[role(name = "admin\n")]
    Newline,
    #[role(name = "\u{202e}nimda")]
    Bidi,
    #[role(name = "ad\u{200b}min")]
    ZeroWidth,
    #[role(name = "admin\u{fe0f}")]
    Selector,
    #[role(name = "\u{3164}")]
    Blank,
    #[role(name = "news editor é 日本")]
    Right,
}

fn main() {}
