//! The reference implementation's table (P-H-C/phc-winner-argon2, `src/test.c`), read from a file
//! that is not part of this repository: `ARGON2_DIR` names a directory with `argon2_table.json`.

use std::{env, fs};

use hallpass_core::KeyRing;
use serde_json::Value;

use super::*;
use crate::{password::HashCost, random::SystemRandom};

#[tokio::test]
#[ignore = "reads published vectors from ARGON2_DIR and takes 1 GiB of memory; .ci/run runs it"]
async fn reference_table_is_read_and_its_negatives_are_wrong() {
    let path = env::var("ARGON2_DIR").unwrap() + "/argon2_table.json";
    let table: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let rows = |name: &str| table[name].as_array().unwrap().clone();
    let phc = |row: &Value| row["phc"].as_str().unwrap().to_owned();

    let settings = PasswordHasherSettings::default()
        .hash_cost(HashCost::new(64, 1, 1))
        .cost_ceiling(HashCost::new(1 << 20, 4, 2));
    let hasher =
        PasswordHasher::new(settings, KeyRing::default().into(), Arc::new(SystemRandom)).unwrap();
    let cases = rows("cases");
    assert_eq!(cases.len(), 26);
    for case in &cases {
        let password = Password::typed(case["password"].as_str().unwrap());
        let checked =
            hasher.check(hasher.admit_now().unwrap(), &password, Some(&phc(case))).await.unwrap();
        assert!(matches!(checked, Checked::Right(_)), "{case}");
    }
    let refused = [rows("reference_negative"), rows("own_hostile")].concat();
    assert_eq!(refused.len(), 10);
    for case in &refused {
        let checked = hasher
            .check(hasher.admit_now().unwrap(), &Password::typed("password"), Some(&phc(case)))
            .await
            .unwrap();
        assert!(matches!(checked, Checked::Wrong), "{case}");
    }
}
