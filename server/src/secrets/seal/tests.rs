use data_encoding::HEXLOWER;

use super::*;
use crate::secrets::sealing_key::VERSION;

const CONTEXT: &str = "[\"webhook-signing\",\"acme\",\"0197d6d4-3c11-7d2e-9a53-0a4ee2b1c001\"]";

/// `PASSWORD`, sealed with the key of bytes 7 and the context `context`. Another program (Python's `cryptography`)
/// computed this value.
const SEALED_BY_VERSION_2: &str = "02cbc5b302000102030405060708090a0b2fc652240375c7292742c06022e5e207d5d2eed9c281ca1a";

/// The same value in the form of version 1.
const SEALED_BY_VERSION_1: &str = "01cbc5b302000102030405060708090a0b2fc652240375c7293c9d1dcca26e17c327515c3d0936bd3b";

fn key(byte: u8) -> MasterKey {
    MasterKey::of_bytes(byte)
}

fn vault() -> Vault {
    Vault::new(key(7))
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).expect("hex")
}

/// The rows of a store in the middle of a rotation from key 7 to key 8.
fn rotating() -> Vec<KeyRecord> {
    let mut records = vault().initial_records(DateTime::UNIX_EPOCH);
    records[0].state = KeyState::Retiring;
    records.push(Vault::new(key(8)).next_record(key(8).key_id(), DateTime::UNIX_EPOCH).expect("given"));
    records
}

#[test]
fn a_sealed_value_opens_with_the_same_context() {
    let vault = vault();
    for plaintext in [&b""[..], b"PASSWORD", &[0; 4096]] {
        let sealed = vault.seal(CONTEXT, plaintext);
        assert_eq!(sealed.len(), 1 + 4 + 12 + plaintext.len() + 16);
        assert_eq!(vault.open(CONTEXT, &sealed).expect("opens").as_slice(), plaintext);
    }
}

#[test]
fn sealing_the_same_secret_twice_gives_different_bytes() {
    let vault = vault();
    assert_ne!(vault.seal(CONTEXT, b"PASSWORD"), vault.seal(CONTEXT, b"PASSWORD"));
}

#[test]
fn a_sealed_value_does_not_open_in_another_record() {
    let vault = vault();
    let sealed = vault.seal(CONTEXT, b"PASSWORD");
    assert_eq!(vault.open("another", &sealed), Err(SealError::Tampered));
    assert_eq!(vault.open("", &sealed), Err(SealError::Tampered));
}

#[test]
fn the_error_about_another_master_key_names_both_keys() {
    let (ours, theirs) = (vault(), Vault::new(key(8)));
    let error = theirs.open(CONTEXT, &ours.seal(CONTEXT, b"PASSWORD")).expect_err("another key");
    assert_eq!(error, SealError::WrongKey { sealed_with: ours.key_id(), current: theirs.key_id() });
    let message = error.to_string();
    assert!(message.contains(&ours.key_id().to_string()) && message.contains(&theirs.key_id().to_string()));
}

#[test]
fn a_change_of_any_bit_is_detected() {
    let vault = vault();
    let sealed = vault.seal(CONTEXT, b"PASSWORD");
    for index in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[index] ^= 1 << bit;
            let error = vault.open(CONTEXT, &changed).expect_err("a changed value does not open");
            match index {
                0 => assert!(matches!(error, SealError::UnknownVersion { .. })),
                1..5 => assert!(matches!(error, SealError::WrongKey { .. })),
                _ => assert_eq!(error, SealError::Tampered),
            }
        }
    }
    for length in 0..sealed.len() {
        vault.open(CONTEXT, &sealed[..length]).expect_err("a shortened value does not open");
    }
}

/// Later releases must be able to decrypt stored values. If the expected values in this test change, the stored
/// credentials of every customer are lost.
#[test]
fn the_key_derivation_and_the_format_never_change() {
    let mut vault = vault();
    assert_eq!(vault.key_id().to_string(), "cbc5b302");
    assert_eq!(vault.open("context", &hex(SEALED_BY_VERSION_2)).expect("a value of version 2").as_slice(), b"PASSWORD");
    vault.mac.key = Zeroizing::new([9; KEY_LEN]);
    let mac = HEXLOWER.encode(&vault.mac("idempotency", b"body"));
    assert_eq!(mac, "22393507b7ce31803d7ce504c2945f6b3542bc37af48b2d6456ae3f9aeae6027");
    let old = vault.open("context", &hex(SEALED_BY_VERSION_1));
    assert_eq!((old, VERSION), (Err(SealError::UnknownVersion { version: 1 }), 2));
}

#[test]
fn a_mac_depends_on_the_key_the_purpose_and_the_data_and_not_on_the_master_key() {
    let vault = vault();
    let mac = vault.mac("idempotency", b"body");
    assert_ne!(mac, vault.mac("token", b"body"));
    assert_ne!(mac, vault.mac("idempotency", b"other"));
    assert_ne!(mac, Vault::new(key(7)).mac("idempotency", b"body"), "each store has its own key");
    let records = vault.initial_records(DateTime::UNIX_EPOCH);
    assert_eq!(Vault::of_store(&[key(7)], &records).expect("usable").mac("idempotency", b"body"), mac);

    let both = Vault::of_store(&[key(7), key(8)], &records).expect("usable");
    let mut rotated = records;
    rotated[0].state = KeyState::Retiring;
    rotated.push(both.next_record(key(8).key_id(), DateTime::UNIX_EPOCH).expect("given"));
    both.apply(&rotated).expect("both keys are given");
    rotated[1].sealed = both.reseal_record(&rotated[1]).expect("opens").expect("it was sealed with the old key");
    rotated[0].state = KeyState::Retired;
    assert_eq!(Vault::of_store(&[key(8)], &rotated).expect("usable").mac("idempotency", b"body"), mac);
}

#[test]
fn the_rows_of_the_store_decide_which_keys_are_needed() {
    let initial = vault().initial_records(DateTime::UNIX_EPOCH);
    let not_given = |byte, state| Some(KeysError::NotGiven { id: key(byte).key_id().to_string(), state });
    let mut rotated = rotating();
    rotated[0].state = KeyState::Retired;
    rotated[1].sealed = Vault::new(key(8)).seal(&key_context("mac", &rotated[1].id), &[1; KEY_LEN]);
    for (given, records, expected) in [
        (&[key(7)][..], &[][..], Some(KeysError::NoneInStore)),
        (&[], &initial, not_given(7, KeyState::Current)),
        (&[key(8)], &initial, not_given(7, KeyState::Current)),
        (&[key(7)], &initial, None),
        (&[key(8), key(7)], &initial, None),
        (&[key(7)], &rotating(), not_given(8, KeyState::Current)),
        (&[key(8)], &rotating(), not_given(7, KeyState::Retiring)),
        (&[key(7), key(8)], &rotating(), None),
        (&[key(7)], &rotated, not_given(8, KeyState::Current)),
        (&[key(8)], &rotated, None),
        (&[key(7), key(8)], &rotated, None),
        (&[key(7)], &initial[..1], Some(KeysError::NoMac)),
    ] {
        assert_eq!(Vault::of_store(given, records).err(), expected, "{given:?} {records:?}");
    }
    let mut replaced = initial.clone();
    replaced[0].sealed = vault().seal(&key_context("mac", &replaced[0].id), CHECK);
    assert_eq!(Vault::of_store(&[key(7)], &replaced).err(), Some(KeysError::OtherKey { id: key(7).key_id() }));
    replaced = initial;
    replaced[1].id = "another".to_owned();
    assert_eq!(Vault::of_store(&[key(7)], &replaced).err(), Some(KeysError::Mac(SealError::Tampered)));
}

#[test]
fn a_rotation_seals_with_the_new_key_and_opens_with_both_until_the_old_one_is_retired() {
    let old = vault().seal(CONTEXT, b"PASSWORD");
    let vault = Vault::of_store(&[key(7), key(8)], &vault().initial_records(DateTime::UNIX_EPOCH)).expect("usable");
    assert_eq!(vault.reseal(CONTEXT, &old), Ok(None), "the key is still the current one");
    let mut records = rotating();
    vault.apply(&records).expect("both keys are given");
    let new = vault.reseal(CONTEXT, &old).expect("opens").expect("it was sealed with the old key");
    assert_eq!((key_id_of(&old), key_id_of(&new)), (Some(key(7).key_id()), Some(key(8).key_id())));
    for sealed in [&old, &new] {
        assert_eq!(vault.open(CONTEXT, sealed).expect("opens").as_slice(), b"PASSWORD");
    }
    assert_eq!(vault.retired_ids(), []);
    records[0].state = KeyState::Retired;
    vault.apply(&records).expect("the current key is given");
    let refused = SealError::WrongKey { sealed_with: key(7).key_id(), current: key(8).key_id() };
    assert_eq!((vault.open(CONTEXT, &old), vault.reseal(CONTEXT, &old)), (Err(refused.clone()), Err(refused)));
    assert_eq!((vault.retired_ids(), vault.given_ids()), (vec![key(7).key_id()], vec![key(7).key_id(), key(8).key_id()]));
    assert_eq!(vault.open(CONTEXT, &new).expect("opens").as_slice(), b"PASSWORD");
}

#[test]
fn states_that_need_another_key_are_not_applied() {
    let vault = Vault::of_store(&[key(7)], &vault().initial_records(DateTime::UNIX_EPOCH)).expect("usable");
    let needed = KeysError::NotGiven { id: key(8).key_id().to_string(), state: KeyState::Current };
    assert_eq!(vault.apply(&rotating()), Err(needed));
    assert_eq!(vault.key_id(), key(7).key_id());
}

#[test]
fn debug_output_shows_no_key() {
    let records = vault().initial_records(DateTime::UNIX_EPOCH);
    assert_eq!(format!("{:?}", vault()), "Vault(cbc5b302)");
    assert!(!format!("{records:?}").contains("sealed"));
}
