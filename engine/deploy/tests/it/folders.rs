//! Only what changed in a project folder goes live; what is refused or cannot be read there is
//! told, and tried again with the next change.

use std::path::Path;
use std::time::Duration;

use dialgraph_base::Digest;
use dialgraph_deploy::watch::Watch;
use dialgraph_deploy::{DeploySettings, Item, Source};

use crate::shop::{
    Shop, clock, codes, designer, files, flow, guest, heard, process, refused, saying, shipped,
    store, variant,
};

fn write(folder: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn project(folder: &Path) {
    for (path, bytes) in files() {
        write(folder, &path, bytes);
    }
}

fn read(folder: &Path) -> Source {
    Source::folder(folder, crate::shop::few()).unwrap()
}

async fn opened(folder: &Path, project: &Path) -> Shop {
    let clock = clock();
    let store = store(folder, &clock);
    let source = read(project);
    process(folder, &store, &clock, DeploySettings::default(), Some(&source)).await.unwrap()
}

#[tokio::test]
async fn only_what_changed_in_the_folder_is_pushed() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    project(folder.path());
    let shop = opened(data.path(), folder.path()).await;
    shop.deploy.push(&designer(), flow("desk", saying("Pushed."))).await.unwrap();

    // Another file changes; what was pushed stays.
    write(folder.path(), "data/customers.yaml", "c-009: {name: Beispiel AG}\n");
    let outcome = shop.deploy.import(&read(folder.path())).await.unwrap();
    let items: Vec<String> = outcome.changes.iter().map(|c| c.item.to_string()).collect();
    assert_eq!(items, ["file data/customers.yaml"]);
    assert_eq!(heard(&shop.begin("a").await.record), "Pushed.");

    // The flow itself changes, and a plugin comes: both are taken in.
    write(folder.path(), "desk.flow.yaml", saying("Written."));
    write(folder.path(), "plugins/hours_check.wasm", variant(&shipped("hours-check"), 4));
    let outcome = shop.deploy.import(&read(folder.path())).await.unwrap();
    assert_eq!(outcome.changes.len(), 2);
    assert_eq!(heard(&shop.begin("b").await.record), "Written.");

    // The plugin goes: the one that comes with the engine is back.
    std::fs::remove_file(folder.path().join("plugins/hours_check.wasm")).unwrap();
    shop.deploy.import(&read(folder.path())).await.unwrap();
    let hours = Item::plugin("hours-check");
    assert_eq!(
        shop.deploy.content(&hours, None).await.unwrap().0,
        Digest::of(&shipped("hours-check"))
    );

    // What is refused is tried again as a whole with the next change.
    write(folder.path(), "desk.flow.yaml", "flow: desk\n");
    let refusal = refused(shop.deploy.import(&read(folder.path())).await);
    assert_eq!(codes(&refusal), ["bad-flows"]);
    assert_eq!(heard(&shop.begin("c").await.record), "Written.");
    write(folder.path(), "desk.flow.yaml", saying("Mended."));
    shop.deploy.import(&read(folder.path())).await.unwrap();
    assert_eq!(heard(&shop.begin("d").await.record), "Mended.");
}

#[tokio::test]
async fn a_plugin_of_the_folder_that_cannot_be_loaded_is_refused_and_a_shipped_one_waits_for_its_grants()
 {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    project(folder.path());
    let shop = opened(data.path(), folder.path()).await;
    assert!(shop.deploy.content(&Item::plugin("ticketing-zendesk"), None).await.is_ok());
    write(folder.path(), "plugins/probe.wasm", guest("probe"));
    let refusal = refused(shop.deploy.import(&read(folder.path())).await);
    assert_eq!(codes(&refusal), ["not-granted"]);
}

#[tokio::test]
async fn what_is_saved_while_a_canary_runs_goes_live_when_that_is_over() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    project(folder.path());
    let shop = opened(data.path(), folder.path()).await;
    let mut canary = flow("desk", saying("Try."));
    canary.canary = Some(1);
    shop.deploy.push(&designer(), canary).await.unwrap();
    let watch = Watch {
        folder: folder.path().to_owned(),
        interval: Duration::from_millis(10),
        shipped: crate::shop::few(),
    };
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watching = tokio::spawn(watch.run(shop.deploy.clone(), move |done| {
        let _ = tell.send(done.map(|outcome| outcome.changed).map_err(|error| error.to_string()));
    }));
    write(folder.path(), "data/customers.yaml", "c-009: {name: Beispiel AG}\n");
    let error = told.recv().await.unwrap().unwrap_err();
    assert!(error.contains("a canary is running"), "{error}");
    shop.deploy.promote(&designer(), None).await.unwrap();
    assert_eq!(told.recv().await, Some(Ok(true)), "though nothing was saved again");
    let item = Item { kind: dialgraph_deploy::ItemKind::File, name: "data/customers.yaml".into() };
    let (_, text) = shop.deploy.content(&item, None).await.unwrap();
    assert!(String::from_utf8(text).unwrap().contains("Beispiel AG"));
    assert_eq!(heard(&shop.begin("a").await.record), "Try.");
    watching.abort();
}

#[tokio::test]
async fn a_watched_folder_goes_live_by_itself() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    project(folder.path());
    let shop = opened(data.path(), folder.path()).await;
    let watch = Watch {
        folder: folder.path().to_owned(),
        interval: Duration::from_millis(10),
        shipped: crate::shop::few(),
    };
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watching = tokio::spawn(watch.run(shop.deploy.clone(), move |done| {
        let _ = tell.send(done.map(|outcome| outcome.changed).map_err(|error| error.to_string()));
    }));
    // As an editor saves: beside it, then in its place.
    let saved = folder.path().join(".desk.flow.yaml.swp");
    std::fs::write(&saved, saying("Saved.")).unwrap();
    std::fs::rename(&saved, folder.path().join("desk.flow.yaml")).unwrap();
    assert_eq!(told.recv().await, Some(Ok(true)));
    assert_eq!(heard(&shop.begin("a").await.record), "Saved.");

    write(folder.path(), "desk.flow.yaml", "flow: desk\n");
    let error = told.recv().await.unwrap().unwrap_err();
    assert!(error.contains("desk.flow.yaml"), "{error}");
    assert_eq!(heard(&shop.begin("b").await.record), "Saved.");

    write(folder.path(), "desk.flow.yaml", saying("Again."));
    assert_eq!(told.recv().await, Some(Ok(true)));
    assert_eq!(heard(&shop.begin("c").await.record), "Again.");
    watching.abort();
}

#[tokio::test]
async fn a_pipe_in_a_watched_folder_is_told_and_what_is_saved_goes_live_when_it_is_gone() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    project(folder.path());
    let shop = opened(data.path(), folder.path()).await;
    let watch = Watch {
        folder: folder.path().to_owned(),
        interval: Duration::from_millis(10),
        shipped: crate::shop::few(),
    };
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watching = tokio::spawn(watch.run(shop.deploy.clone(), move |done| {
        let _ = tell.send(done.map(|outcome| outcome.changed).map_err(|error| error.to_string()));
    }));
    for (path, what) in [("data/x.yaml", "a named pipe"), ("plugins/x.wasm", "a named pipe")] {
        let pipe = folder.path().join(path);
        std::fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let error = told.recv().await.unwrap().unwrap_err();
        assert!(error.contains(path) && error.contains(what), "{error}");
        write(folder.path(), "desk.flow.yaml", saying(path));
        std::fs::remove_file(&pipe).unwrap();
        assert_eq!(told.recv().await, Some(Ok(true)));
        assert_eq!(heard(&shop.begin(path).await.record), path);
    }
    // A link to what never ends.
    let link = folder.path().join("zero.md");
    std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
    let error = told.recv().await.unwrap().unwrap_err();
    assert!(error.contains("zero.md") && error.contains("a device"), "{error}");
    assert!(Source::folder(folder.path(), &[]).is_err());
    watching.abort();
}
