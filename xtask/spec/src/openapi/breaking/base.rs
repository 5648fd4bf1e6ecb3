//! Finds the older document that openapi.json is compared with.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use semver::Version;

/// The older document.
#[derive(Debug, PartialEq)]
pub(super) enum Base {
    Document {
        name: String,
        text: String,
        /// True for the last release, and for a document that `--against` names. Users may rely on these documents.
        is_released: bool,
    },
    /// There is no older document. The text is the reason.
    Nothing(String),
}

/// Returns the document that `against` names. Without `against`, returns the default that [`super::Arguments`]
/// describes.
///
/// # Errors
/// When `against` is neither a file nor a commit, or cannot be read.
pub(super) fn find(root: &Path, against: Option<&str>) -> anyhow::Result<Base> {
    let mut is_released = true;
    let commit = match against {
        Some(file) if Path::new(file).is_file() => {
            return Ok(Base::Document { name: file.to_owned(), text: crate::read(Path::new(file))?, is_released: true });
        }
        Some(reference) => match commit(root, reference) {
            Some(_) => reference.to_owned(),
            None => bail!("{reference} is neither a file nor a commit of this repository"),
        },
        None => match last_release(root) {
            Some(tag) => tag,
            None => {
                is_released = false;
                match previous_commit(root) {
                    Ok(commit) => commit,
                    Err(reason) => return Ok(Base::Nothing(reason)),
                }
            }
        },
    };
    let object = format!("{commit}:./openapi.json");
    if git(root, &["cat-file", "-e", &object]).is_none() {
        return Ok(Base::Nothing(format!("{commit} has no openapi.json")));
    }
    let text = git(root, &["show", &object]).with_context(|| format!("git cannot show {object}"))?;
    Ok(Base::Document { name: commit, text, is_released })
}

/// Returns the tag of the highest release, such as `v0.1.0`, in the history of the current commit.
fn last_release(root: &Path) -> Option<String> {
    let tags = git(root, &["tag", "--list", "v*", "--merged", "HEAD"])?;
    let released = |tag: &str| Version::parse(tag.strip_prefix('v')?).ok().filter(|version| version.pre.is_empty());
    tags.lines().filter_map(|tag| Some((released(tag)?, tag))).max().map(|(_, tag)| tag.to_owned())
}

/// Returns the last common commit of this branch and main. On main, returns the previous commit.
///
/// # Errors
/// When there is no such commit. The error is the reason.
fn previous_commit(root: &Path) -> Result<String, String> {
    let head = commit(root, "HEAD").ok_or("there is no git commit")?;
    let main = ["origin/main", "main"].into_iter().find(|name| commit(root, name).is_some());
    if let Some(main) = main {
        let base = git(root, &["merge-base", "HEAD", main]).ok_or(format!("{main} and this commit have no common ancestor"))?;
        if base.trim() != head {
            return Ok(base.trim().to_owned());
        }
    }
    commit(root, "HEAD~1").ok_or_else(|| "this clone has no earlier commit".to_owned())
}

/// Returns the id of the commit that a reference names.
fn commit(root: &Path, reference: &str) -> Option<String> {
    let found = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{reference}^{{commit}}")])?;
    Some(found.trim().to_owned())
}

/// Returns the output of git, or `None` if git fails.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(root);
    // A git hook sets these variables. They would select the repository of the hook instead of `root`.
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

    /// A temporary repository, which is deleted on drop.
    struct Repository(PathBuf);

    impl Repository {
        fn new(name: &str) -> Repository {
            let root = std::env::temp_dir().join(format!("breaking-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&root).expect("the folder is created");
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
            git(&self.0, &arguments).unwrap_or_else(|| panic!("git {arguments:?} failed"));
        }

        /// Makes a commit, and returns its id.
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
    fn the_base_of_a_branch_is_the_commit_at_which_it_left_main() {
        let repository = Repository::new("branch");
        let root = &repository.0;
        assert_eq!(previous_commit(root), Err("there is no git commit".to_owned()));
        let first = repository.commit("first");
        assert_eq!(previous_commit(root), Err("this clone has no earlier commit".to_owned()));
        let second = repository.commit("second");
        assert_eq!(previous_commit(root), Ok(first.clone()), "on main, the base is the previous commit");
        let third = repository.commit("third");

        repository.git(&["switch", "--quiet", "--create", "branch", &second]);
        repository.commit("own");
        assert_eq!(previous_commit(root), Ok(second), "on a branch, the base is the commit at which it left main");
        repository.git(&["switch", "--quiet", "--detach", "main"]);
        repository.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "branch"]);
        assert_eq!(previous_commit(root), Ok(third.clone()), "for the merge commit of a pull request, the base is main");

        repository.git(&["update-ref", "refs/remotes/origin/main", &third]);
        repository.git(&["branch", "--quiet", "--force", "main", &first]);
        assert_eq!(previous_commit(root), Ok(third), "origin/main takes precedence over main");
        repository.git(&["switch", "--quiet", "--orphan", "stranger"]);
        repository.commit("unrelated");
        assert_eq!(previous_commit(root), Err("origin/main and this commit have no common ancestor".to_owned()));
    }

    #[test]
    fn the_last_release_is_the_base() -> anyhow::Result<()> {
        let repository = Repository::new("release");
        let root = &repository.0;
        std::fs::write(root.join("openapi.json"), "{}\n")?;
        repository.git(&["add", "openapi.json"]);
        repository.commit("first");
        repository.commit("second");
        assert!(matches!(find(root, None)?, Base::Document { is_released: false, .. }), "there is no release yet");
        for tag in ["v0.9.0", "v0.10.0", "v0.11.0-rc.1", "vast"] {
            repository.git(&["tag", tag]);
        }
        repository.commit("third");
        let text = "{}\n".to_owned();
        assert_eq!(find(root, None)?, Base::Document { name: "v0.10.0".to_owned(), text, is_released: true });
        Ok(())
    }

    #[test]
    fn a_commit_without_the_document_is_no_base() -> anyhow::Result<()> {
        let repository = Repository::new("document");
        let root = &repository.0;
        repository.commit("without");
        assert_eq!(find(root, Some("HEAD"))?, Base::Nothing("HEAD has no openapi.json".to_owned()));
        std::fs::write(root.join("openapi.json"), "{}\n")?;
        repository.git(&["add", "openapi.json"]);
        repository.commit("with");
        assert_eq!(find(root, Some("HEAD"))?, Base::Document { name: "HEAD".to_owned(), text: "{}\n".to_owned(), is_released: true });
        assert_eq!(find(root, Some("HEAD~1"))?, Base::Nothing("HEAD~1 has no openapi.json".to_owned()));
        let file = root.join("openapi.json").display().to_string();
        assert_eq!(find(root, Some(&file))?, Base::Document { name: file, text: "{}\n".to_owned(), is_released: true });
        let error = find(root, Some("nowhere")).expect_err("there is no such commit").to_string();
        assert_eq!(error, "nowhere is neither a file nor a commit of this repository");
        Ok(())
    }
}
