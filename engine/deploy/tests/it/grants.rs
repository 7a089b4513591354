//! A plugin reaches more only when an operator allows it, and where signatures are required none
//! goes live or comes back without one that is good now.

use dialgraph_deploy::{DeployError, DeploySettings, Reason, TrustedKeys};

use crate::shop::{
    PROJECT, allowing, clock, codes, designer, file, guest, operator, plugin, process, refused,
    shipped, shop, source, store, variant,
};

#[tokio::test]
async fn a_plugin_that_imports_more_than_it_is_granted_is_refused_with_the_line_to_add() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let refusal = refused(shop.deploy.push(&operator(), plugin("probe", guest("probe"))).await);
    assert_eq!(codes(&refusal), ["not-granted"]);
    insta::assert_snapshot!(refusal.reasons[0].to_string());
}

#[tokio::test]
async fn reaching_more_needs_to_be_allowed_and_only_an_operator_can() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let before = shop.seen().await;
    let wider = format!(
        "{PROJECT}{}",
        "  probe: {grants: [clock, genai, http, knowledge, log, nlu, random, records-read, records-write, secrets, tickets], http: [api.example.com], secrets: [token], collections: {read: [customers]}}\n",
    );
    let mut change = plugin("probe", guest("probe"));
    change.files = file("dialgraph.yaml", wider).files;
    let refusal = refused(shop.deploy.push(&operator(), change.clone()).await);
    insta::assert_snapshot!(refusal.to_string());

    let access = |reason: &Reason| match reason {
        Reason::Widened { widening } => format!("probe:{}", widening.access),
        other => panic!("{other}"),
    };
    let all: Vec<String> = refusal.reasons.iter().map(access).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let some = allowing(change.clone(), &all[1..]);
    assert_eq!(codes(&refused(shop.deploy.push(&operator(), some).await)), ["widened"]);
    let change = allowing(change, &all);
    match shop.deploy.push(&designer(), change.clone()).await {
        Err(DeployError::Forbidden { name, .. }) => assert_eq!(name, "dana"),
        other => panic!("{other:?}"),
    }
    let told = shop.deploy.audit(None, 1).await.unwrap().remove(0);
    assert_eq!((&*told.who.name, &told.refused[..]), ("dana", &["forbidden".to_owned()][..]));
    assert_eq!(shop.seen().await, before);

    let outcome = shop.deploy.push(&operator(), change).await.unwrap();
    assert_eq!(outcome.widened.len(), all.len());
    let told = shop.deploy.audit(None, 1).await.unwrap().remove(0);
    assert_eq!(told.allowed.len(), all.len());
    assert!(told.allowed.contains(&"probe:http=api.example.com".to_owned()), "{:?}", told.allowed);
    // Another version with the same reach is a designer's to push, and so is less of it.
    shop.deploy.push(&designer(), plugin("probe", variant(&guest("probe"), 1))).await.unwrap();
}

#[tokio::test]
async fn an_engine_that_wants_signatures_takes_no_plugin_without_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let stranger = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let settings = DeploySettings {
        trusted: TrustedKeys::new([("kim", pair.pk.to_base64())]).unwrap(),
        require_signed: true,
        ..DeploySettings::default()
    };
    let clock = clock();
    let store = store(folder.path(), &clock);
    // What comes with the engine needs none.
    let shop = process(folder.path(), &store, &clock, settings, Some(&source())).await.unwrap();
    let before = shop.seen().await;
    let bytes = variant(&shipped("hours-check"), 3);
    let push = |bytes: &[u8], signature: Option<String>| {
        let new = dialgraph_deploy::NewPlugin::new(bytes.to_vec(), signature);
        let mut change = dialgraph_deploy::Change::default();
        change.plugins.insert("hours-check".into(), Some(new));
        let deploy = shop.deploy.clone();
        async move { deploy.push(&designer(), change).await }
    };
    let sign = |pair: &minisign::KeyPair, bytes: &[u8]| {
        minisign::sign(None, &pair.sk, bytes, None, None).unwrap().into_string()
    };
    assert_eq!(codes(&refused(push(&bytes, None).await)), ["unsigned"]);
    let foreign = sign(&stranger, &bytes);
    assert_eq!(codes(&refused(push(&bytes, Some(foreign)).await)), ["bad-signature"]);
    // Bytes that are no component at all are not even looked at before their signature.
    let of_another = sign(&pair, &bytes);
    assert_eq!(
        codes(&refused(push(b"garbage", Some(of_another.clone())).await)),
        ["bad-signature"]
    );
    assert_eq!(
        codes(&refused(push(b"garbage", Some(sign(&pair, b"garbage"))).await)),
        ["bad-plugin"]
    );
    assert_eq!(shop.seen().await, before);

    push(&bytes, Some(of_another)).await.unwrap();
    let item = dialgraph_deploy::Item::plugin("hours-check");
    let newest = shop.deploy.versions(&item).await.unwrap().remove(0);
    assert_eq!(newest.version.signed_by.as_deref(), Some("kim"));
}

#[tokio::test]
async fn what_comes_back_needs_a_signature_that_is_good_now() {
    let folder = tempfile::tempdir().unwrap();
    let [kim, lee] = [(); 2].map(|()| minisign::KeyPair::generate_unencrypted_keypair().unwrap());
    let trusting = |keys: &[(&'static str, &minisign::KeyPair)], require_signed| DeploySettings {
        trusted: TrustedKeys::new(keys.iter().map(|(name, pair)| (*name, pair.pk.to_base64())))
            .unwrap(),
        require_signed,
        ..DeploySettings::default()
    };
    let clock = clock();
    let store = store(folder.path(), &clock);
    let first = source();
    let open = |settings| process(folder.path(), &store, &clock, settings, Some(&first));
    let hours = dialgraph_deploy::Item::plugin("hours-check");
    let version = |number| variant(&shipped("hours-check"), number);
    let digest = |number| dialgraph_base::Digest::of(&version(number)).to_string();
    let push = async |shop: &crate::shop::Shop, number, pair: Option<&minisign::KeyPair>| {
        let bytes = version(number);
        let signature = pair
            .map(|pair| minisign::sign(None, &pair.sk, &*bytes, None, None).unwrap().into_string());
        let new = dialgraph_deploy::NewPlugin::new(bytes, signature);
        let mut change = dialgraph_deploy::Change::default();
        change.plugins.insert("hours-check".into(), Some(new));
        shop.deploy.push(&designer(), change).await.unwrap()
    };
    let back = async |shop: &crate::shop::Shop, to: String| {
        let (to, allow) =
            (dialgraph_deploy::RollbackTarget::To(to), dialgraph_deploy::Allow::Nothing);
        shop.deploy.roll_back_item(&designer(), &hours, &to, allow, None).await
    };

    // While nobody asks for signatures: one version with none, one of each key.
    let lax = open(trusting(&[("kim", &kim), ("lee", &lee)], false)).await.unwrap();
    push(&lax, 1, None).await;
    let of_kim = push(&lax, 2, Some(&kim)).await.number;
    push(&lax, 3, Some(&lee)).await;
    push(&lax, 4, Some(&lee)).await;
    back(&lax, digest(1)).await.unwrap();
    back(&lax, digest(4)).await.unwrap();
    drop(lax);

    // Now somebody does, and the key of kim is trusted no longer.
    let strict = open(trusting(&[("lee", &lee)], true)).await.unwrap();
    assert_eq!(codes(&refused(back(&strict, digest(1)).await)), ["unsigned"]);
    assert_eq!(codes(&refused(back(&strict, digest(2)).await)), ["bad-signature"]);
    let whole = dialgraph_deploy::RollbackTarget::To(of_kim.to_string());
    let allow = dialgraph_deploy::Allow::Nothing;
    let release = strict.deploy.roll_back(&designer(), &whole, allow, None).await;
    assert_eq!(codes(&refused(release)), ["bad-signature"]);
    assert!(back(&strict, digest(3)).await.unwrap().changed);
    let came_with_it = dialgraph_base::Digest::of(&shipped("hours-check")).to_string();
    assert!(back(&strict, came_with_it).await.unwrap().changed);
    // One that was pushed without a signature is good once it was pushed with one.
    push(&strict, 1, Some(&lee)).await;
    back(&strict, digest(4)).await.unwrap();
    assert!(back(&strict, digest(1)).await.unwrap().changed);
}
