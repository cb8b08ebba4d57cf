//! Tests of the field parser, with examples and with property tests.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::prelude::*;
use serde_json::{Map, Value as AnyJson};

use super::*;

const FORM: Option<&[u8]> = Some(b"application/x-www-form-urlencoded");
const JSON: Option<&[u8]> = Some(b"application/json");

fn field(content_type: Option<&[u8]>, body: &[u8]) -> Result<Option<String>, FieldFault> {
    let fields = Fields::parse(content_type, body).unwrap_or_else(|_| panic!("unreadable"));
    fields
        .optional("code")
        .map(|text| text.map(str::to_owned))
        .map_err(|rejection| rejection.field().expect("a field").1)
}

#[test]
fn a_form_and_json_give_the_same_fields() {
    for (form, json, text) in [
        (&b"code=123"[..], &br#"{"code":"123"}"#[..], Ok(Some("123".to_owned()))),
        (b"a=1&code=a+b%2B%26", br#"{"a":"1","code":"a b+&"}"#, Ok(Some("a b+&".to_owned()))),
        (b"code=", br#"{"code":""}"#, Ok(Some(String::new()))),
        (b"code", br#"{"code":""}"#, Ok(Some(String::new()))),
        (b"c%6Fde=%C3%A9", b"{\"c\\u006fde\":\"\xc3\xa9\"}", Ok(Some("\u{e9}".to_owned()))),
        (b"", b"{}", Ok(None)),
        (b"", br#"{"code":null}"#, Ok(None)),
        (b"code=null", br#"{"code":"null"}"#, Ok(Some("null".to_owned()))),
        (b"code=1&code=", br#"{"code":"1","code":null}"#, Err(FieldFault::Repeated)),
        (b"Code=1", br#"{"Code":"1"}"#, Ok(None)),
        (b"code=1&code=1", br#"{"code":"1","code":"1"}"#, Err(FieldFault::Repeated)),
        (b"code=%ff", br#"{"code":7}"#, Err(FieldFault::NotText)),
    ] {
        assert_eq!(field(FORM, form), text, "{form:?}");
        assert_eq!(field(JSON, json), text, "{json:?}");
    }
}

#[test]
fn json_values_other_than_strings_are_not_text() {
    for value in ["1", "1.5", "-1", "true", "[]", "[null]", "{}", "[\"1\"]", "{\"code\":\"1\"}"] {
        let body = format!("{{\"code\":{value}}}");
        assert_eq!(field(JSON, body.as_bytes()), Err(FieldFault::NotText), "{value}");
    }
}

#[test]
fn json_that_is_not_an_object_has_no_fields() {
    for body in ["[]", "[\"code\"]", "null", "true", "1", "\"code\""] {
        assert_eq!(field(JSON, body.as_bytes()), Ok(None), "{body}");
    }
}

#[test]
fn invalid_json_is_a_malformed_body() {
    let nested = "[".repeat(4000);
    for body in ["", "{", "{\"code\":\"1\"", "[1,", "{} {}", "{'code':'1'}", "nul", &nested] {
        assert_eq!(
            Fields::parse(JSON, body.as_bytes()).err(),
            Some(RejectionKind::MalformedBody),
            "{body}"
        );
    }
    assert_eq!(
        Fields::parse(JSON, b"{\"code\":\"\xff\"}").err(),
        Some(RejectionKind::MalformedBody)
    );
}

#[test]
fn content_type_parameters_are_ignored() {
    assert!(Fields::parse(Some(b"Application/JSON; charset=utf-8"), b"{}").is_ok());
    assert!(Fields::parse(None, b"").is_ok());
    for kind in [
        None,
        Some(&b"text/plain"[..]),
        Some(b"multipart/form-data; boundary=x"),
        Some(b"application/jsonx"),
    ] {
        assert_eq!(
            Fields::parse(kind, b"{}").err(),
            Some(RejectionKind::UnsupportedMediaType),
            "{kind:?}"
        );
    }
}

proptest! {
    #[test]
    fn encoded_fields_are_read_back_unchanged(fields in prop::collection::btree_map("[a-z_]{1,8}", any::<String>(), 0..6)) {
        let escaped = |text: &str| percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string();
        let form: Vec<_> = fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        let json: Map<_, _> = fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        for (kind, body) in [(FORM, form.join("&")), (JSON, AnyJson::Object(json).to_string())] {
            let read = Fields::parse(kind, body.as_bytes()).unwrap_or_else(|_| panic!("unreadable: {body}"));
            prop_assert_eq!(read.0.len(), fields.len());
            for (name, value) in &read.0 {
                let Value::Text(value) = value else { panic!("{name} is text") };
                prop_assert_eq!(fields.get(name), Some(&**value));
            }
        }
    }

    #[test]
    fn a_repeated_field_is_rejected_at_any_position(pairs in prop::collection::vec(("[ab]", "[a-z]{0,3}"), 0..5)) {
        let form: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let json: Vec<_> = pairs.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        let mine: Vec<_> = pairs.iter().filter(|(name, _)| name == "a").map(|(_, value)| value.clone()).collect();
        let expected = match &mine[..] {
            [] => Ok(None),
            [value] => Ok(Some(value.as_str())),
            _ => Err(Rejection::of_field("a", FieldFault::Repeated)),
        };
        for (kind, body) in [(FORM, form.join("&")), (JSON, format!("{{{}}}", json.join(",")))] {
            let read = Fields::parse(kind, body.as_bytes()).unwrap_or_else(|_| panic!("unreadable: {body}"));
            prop_assert_eq!(read.optional("a"), expected);
        }
    }

    #[test]
    fn arbitrary_bodies_do_not_panic(body in any::<Vec<u8>>()) {
        for kind in [None, FORM, JSON] {
            let _ = Fields::parse(kind, &body);
        }
    }
}
