use syn::parse_quote;

use super::*;

fn refusals(input: &DeriveInput) -> Vec<String> {
    match implementation(input, parse_quote!(::hallpass_core)) {
        Ok(tokens) => panic!("accepted: {tokens}"),
        Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
    }
}

fn accepted(input: &DeriveInput) -> String {
    implementation(input, parse_quote!(::hallpass_core)).unwrap().to_string()
}

fn of_variants(count: usize) -> DeriveInput {
    let variants = (0..count).map(|index| quote::format_ident!("Role{index}"));
    parse_quote!(enum Many { #(#variants),* })
}

#[test]
fn invalid_role_enums_are_rejected_with_the_fix() {
    let table: [(DeriveInput, &str); 17] = [
        (
            parse_quote!(
                enum Site {
                    #[role(name = "ad\0min")]
                    Admin,
                }
            ),
            "a role's name cannot contain U+0000, which is not visible: use letters, digits, punctuation and spaces",
        ),
        (
            parse_quote!(
                enum Site {
                    #[role(name = "\u{202e}nimda")]
                    Admin,
                }
            ),
            "a role's name cannot contain U+202E, which is not visible: use letters, digits, punctuation and spaces",
        ),
        (
            parse_quote!(
                struct Admin;
            ),
            "`Role` can be derived for an enum only, with one variant for each role",
        ),
        (
            parse_quote!(union Admin { a: u8 }),
            "`Role` can be derived for an enum only, with one variant for each role",
        ),
        (
            parse_quote!(
                enum Site {}
            ),
            "a role enum needs at least one variant: add one for each role",
        ),
        (
            parse_quote!(
                enum Site<T> {
                    Guest,
                }
            ),
            "a role enum cannot have generic parameters: remove them",
        ),
        (
            parse_quote!(
                enum Site {
                    Guest,
                    Admin(u8),
                }
            ),
            "a role has no fields: what belongs to one account goes into the token's own claims",
        ),
        (
            parse_quote!(
                enum Site {
                    Guest { since: u8 },
                }
            ),
            "a role has no fields: what belongs to one account goes into the token's own claims",
        ),
        (
            parse_quote!(
                enum Site {
                    Guest,
                    #[role(name = "guest")]
                    Visitor,
                }
            ),
            "another role is already named `guest`; give this one another name with `#[role(name = \"…\")]`",
        ),
        (
            parse_quote!(
                enum Site {
                    #[role(name = "")]
                    Guest,
                }
            ),
            "a role's name cannot be empty",
        ),
        (
            parse_quote!(
                enum Site {
                    #[role(name = "a", name = "b")]
                    Guest,
                }
            ),
            "`name` is given twice: remove one",
        ),
        (
            parse_quote!(
                enum Site {
                    #[role(nam = "a")]
                    Guest,
                }
            ),
            "`#[role(…)]` on a variant takes `default` and `name = \"…\"`",
        ),
        (
            parse_quote!(
                #[role(name = "site")]
                enum Site {
                    Guest,
                }
            ),
            "`name` belongs on a variant, not on the enum",
        ),
        (
            parse_quote!(
                enum Site {
                    #[role(crate = "hallpass")]
                    Guest,
                }
            ),
            "`crate` belongs on the enum, not on a variant",
        ),
        (
            parse_quote!(
                #[role(default)]
                enum Site {
                    Guest,
                }
            ),
            "`default` belongs on a variant, not on the enum: put `#[role(default)]` on the role of new accounts",
        ),
        (
            parse_quote!(
                enum Site {
                    #[role(default)]
                    Guest,
                    #[role(name = "root", default)]
                    Admin,
                }
            ),
            "`Guest` is the default role already: remove `#[role(default)]` from one of the two",
        ),
        (
            parse_quote!(
                enum Site {
                    #[role(default = "yes")]
                    Guest,
                }
            ),
            "`default` takes no value: write `#[role(default)]`",
        ),
    ];
    for (input, refusal) in table {
        assert_eq!(refusals(&input), [refusal]);
    }
}

#[test]
fn every_invalid_variant_is_reported() {
    let input = parse_quote!(
        enum Site {
            Guest(u8),
            Admin,
            #[role(name = "admin")]
            Root,
        }
    );
    assert_eq!(refusals(&input).len(), 2);
}

#[test]
fn at_most_64_roles_are_accepted() {
    assert!(accepted(&of_variants(64)).contains("63u8"));
    assert_eq!(
        refusals(&of_variants(65)),
        ["a role enum has at most 64 variants, one for each bit of a set; this is the 65th"],
    );
}

#[test]
fn crate_attribute_replaces_the_default_path() {
    let plain = accepted(&parse_quote!(
        enum Site {
            Guest,
        }
    ));
    assert!(plain.contains("impl :: hallpass_core :: Role for Site"), "{plain}");
    let renamed = accepted(&parse_quote!(
        #[role(crate = "crate::auth")]
        enum Site {
            Guest,
        }
    ));
    assert!(renamed.contains("impl crate :: auth :: Role for Site"), "{renamed}");
}

#[test]
fn raw_identifier_is_named_without_its_prefix() {
    assert!(
        accepted(&parse_quote!(
            enum Site {
                r#Type,
            }
        ))
        .contains("\"type\"")
    );
}
