//! The older document.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

/// Where a push to main began, if whoever runs this knows: one push may bring many commits.
const PUSHED_FROM: &str = "PUSHED_FROM";

/// What openapi.json is compared with.
#[derive(Debug, PartialEq)]
pub(super) enum Base {
    Document {
        name: String,
        text: String,
    },
    /// With nothing, for this reason.
    Nothing(String),
}

/// # Errors
/// When `against` is neither a file nor a commit, or what it names cannot be read.
pub(super) fn find(root: &Path, against: Option<&str>) -> anyhow::Result<Base> {
    let commit = match against {
        Some(file) if Path::new(file).is_file() => {
            return Ok(Base::Document { name: file.to_owned(), text: crate::read(Path::new(file))? });
        }
        Some(reference) => match commit(root, reference) {
            Some(_) => reference.to_owned(),
            None => bail!("{reference} is neither a file nor a commit of this repository"),
        },
        None => match before(root, std::env::var(PUSHED_FROM).ok().as_deref()) {
            Ok(commit) => commit,
            Err(reason) => return Ok(Base::Nothing(reason)),
        },
    };
    let object = format!("{commit}:./openapi.json");
    if git(root, &["cat-file", "-e", &object]).is_none() {
        return Ok(Base::Nothing(format!("{commit} has none")));
    }
    let text = git(root, &["show", &object]).with_context(|| format!("git cannot show {object}"))?;
    Ok(Base::Document { name: commit, text })
}

/// The commit that this change began at, or why there is none.
///
/// A branch began where it left main. A pull request is tested as its merge into main, which left main at its tip: what
/// the merge adds is what is compared. On main itself a change is what was pushed or, where nobody says from where, the
/// last commit.
fn before(root: &Path, pushed_from: Option<&str>) -> Result<String, String> {
    let head = commit(root, "HEAD").ok_or("there is no git commit here")?;
    let main = ["origin/main", "main"].into_iter().find(|name| commit(root, name).is_some());
    if let Some(main) = main {
        let base = git(root, &["merge-base", "HEAD", main]).ok_or(format!("{main} and this commit have none in common here"))?;
        if base.trim() != head {
            return Ok(base.trim().to_owned());
        }
    }
    let pushed_from = pushed_from.and_then(|reference| commit(root, reference)).filter(|pushed_from| *pushed_from != head);
    pushed_from.or_else(|| commit(root, "HEAD~1")).ok_or_else(|| "this clone has no earlier commit".to_owned())
}

fn commit(root: &Path, reference: &str) -> Option<String> {
    let found = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{reference}^{{commit}}")])?;
    Some(found.trim().to_owned())
}

/// What git prints, if it succeeds.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(root);
    // Inside a hook these name the repository of the hook.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A repository of its own, which goes with this.
    struct Repository(PathBuf);

    impl Repository {
        fn new(name: &str) -> Repository {
            let root = std::env::temp_dir().join(format!("breaking-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&root).expect("a folder");
            let repository = Repository(root);
            repository.git(&["init", "--quiet", "--initial-branch", "main"]);
            repository
        }

        fn git(&self, arguments: &[&str]) {
            let identity = [
                "-c",
                "user.name=test",
                "-c",
                "user.email=test@example.com",
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ];
            let arguments = [identity.as_slice(), arguments].concat();
            git(&self.0, &arguments).unwrap_or_else(|| panic!("git {arguments:?}"));
        }

        /// Commits, and says which commit that is.
        fn commit(&self, message: &str) -> String {
            self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
            commit(&self.0, "HEAD").expect("a commit")
        }
    }

    impl Drop for Repository {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_change_began_where_it_left_main() {
        let repository = Repository::new("branch");
        let root = &repository.0;
        assert_eq!(before(root, None), Err("there is no git commit here".to_owned()));
        let first = repository.commit("first");
        assert_eq!(before(root, None), Err("this clone has no earlier commit".to_owned()));
        let second = repository.commit("second");
        assert_eq!(before(root, None), Ok(first.clone()), "on main: the last commit");
        let third = repository.commit("third");
        assert_eq!(before(root, Some(&first)), Ok(first.clone()), "a push of two commits");
        assert_eq!(before(root, Some(&"0".repeat(40))), Ok(second.clone()), "a first push");
        assert_eq!(before(root, Some("")), Ok(second.clone()), "no push");

        repository.git(&["switch", "--quiet", "--create", "branch", &second]);
        let own = repository.commit("own");
        assert_eq!(before(root, Some(&own)), Ok(second), "a branch, however it was pushed");
        repository.git(&["switch", "--quiet", "--detach", "main"]);
        repository.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "branch"]);
        assert_eq!(before(root, None), Ok(third.clone()), "a pull request's merge");

        repository.git(&["update-ref", "refs/remotes/origin/main", &third]);
        repository.git(&["branch", "--quiet", "--force", "main", &first]);
        assert_eq!(before(root, None), Ok(third), "the shared main, when there is one");
        repository.git(&["switch", "--quiet", "--orphan", "stranger"]);
        repository.commit("unrelated");
        assert_eq!(before(root, None), Err("origin/main and this commit have none in common here".to_owned()));
    }

    #[test]
    fn a_document_that_did_not_exist_yet_is_nothing_to_compare_with() -> anyhow::Result<()> {
        let repository = Repository::new("document");
        let root = &repository.0;
        repository.commit("without");
        assert_eq!(find(root, Some("HEAD"))?, Base::Nothing("HEAD has none".to_owned()));
        std::fs::write(root.join("openapi.json"), "{}\n")?;
        repository.git(&["add", "openapi.json"]);
        repository.commit("with");
        assert_eq!(find(root, Some("HEAD"))?, Base::Document { name: "HEAD".to_owned(), text: "{}\n".to_owned() });
        assert_eq!(find(root, Some("HEAD~1"))?, Base::Nothing("HEAD~1 has none".to_owned()));
        let file = root.join("openapi.json").display().to_string();
        assert_eq!(find(root, Some(&file))?, Base::Document { name: file, text: "{}\n".to_owned() });
        let error = find(root, Some("nowhere")).expect_err("no such thing").to_string();
        assert_eq!(error, "nowhere is neither a file nor a commit of this repository");
        Ok(())
    }
}
