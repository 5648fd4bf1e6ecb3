//! Checks that every crate inherits the lints of the workspace. These lints forbid `unsafe`, and a crate cannot allow it
//! again. A crate without `[lints] workspace = true` has none of these lints.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The path of a Cargo.toml, relative to the root of the repository, and its text.
pub(super) type Manifest = (String, String);

/// The manifest of the workspace.
const WORKSPACE: &str = "Cargo.toml";

/// The crate of the fuzz targets is a workspace of its own, and libFuzzer's macro makes an unsafe function.
const EXEMPT: &str = "xtask/fuzz/Cargo.toml";

/// Returns every Cargo.toml of the project.
pub(super) fn manifests(root: &Path) -> anyhow::Result<Vec<Manifest>> {
    let nested = super::files(root, |path| path.file_name().is_some_and(|name| name == "Cargo.toml"))?;
    [vec![PathBuf::from(WORKSPACE)], nested]
        .concat()
        .into_iter()
        .map(|path| Ok((path.display().to_string(), crate::read(&root.join(&path))?)))
        .collect()
}

pub(super) fn check(manifests: &[Manifest]) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for (path, text) in manifests.iter().filter(|(path, _)| path != EXEMPT) {
        findings.extend(judge(path, text)?);
    }
    Ok(findings)
}

fn judge(path: &str, text: &str) -> anyhow::Result<Option<String>> {
    let manifest = toml::Value::Table(text.parse().with_context(|| format!("{path} is not TOML"))?);
    let value = |names: &[&str]| names.iter().try_fold(&manifest, |table, name| table.get(name));
    Ok(if path == WORKSPACE {
        let level = value(&["workspace", "lints", "rust", "unsafe_code"]).and_then(toml::Value::as_str);
        (level != Some("forbid")).then(|| format!("{path}: the lints of the workspace must forbid `unsafe_code`"))
    } else {
        let inherits = value(&["lints", "workspace"]).and_then(toml::Value::as_bool);
        (inherits != Some(true)).then(|| format!("{path}: add `[lints]` with `workspace = true`, or no lint of the workspace applies"))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_crate_that_does_not_inherit_the_lints_is_reported() -> anyhow::Result<()> {
        for text in
            ["[package]", "[lints]", "[lints]\nworkspace = false", "[lints.rust]\nunsafe_code = \"allow\"", "# [lints]\n# workspace = true"]
        {
            assert!(judge("a/Cargo.toml", text)?.is_some_and(|finding| finding.starts_with("a/Cargo.toml: add `[lints]`")), "{text}");
        }
        for text in ["[lints]\nworkspace = true", "lints.workspace = true", "[lints]\nworkspace = true # All of them"] {
            assert_eq!(judge("a/Cargo.toml", text)?, None, "{text}");
        }
        Ok(())
    }

    #[test]
    fn a_workspace_that_does_not_forbid_unsafe_code_is_reported() -> anyhow::Result<()> {
        for text in ["[workspace]", "[workspace.lints.rust]", "[workspace.lints.rust]\nunsafe_code = \"deny\"", "[lints]\nworkspace = true"]
        {
            assert!(judge(WORKSPACE, text)?.is_some_and(|finding| finding.contains("must forbid")), "{text}");
        }
        assert_eq!(judge(WORKSPACE, "[workspace.lints.rust]\nunsafe_code = \"forbid\"")?, None);
        Ok(())
    }

    #[test]
    fn every_manifest_of_this_project_is_checked() -> anyhow::Result<()> {
        let manifests = manifests(&crate::checkout()?)?;
        let workspace: toml::Table = manifests[0].1.parse()?;
        let members = workspace["workspace"]["members"].as_array().context("the workspace has no members")?;
        let members: BTreeSet<&str> = members.iter().filter_map(toml::Value::as_str).collect();
        let checked = manifests[1..].iter().filter(|(path, _)| path != EXEMPT);
        let checked: BTreeSet<&str> = checked.filter_map(|(path, _)| path.strip_suffix("/Cargo.toml")).collect();
        assert_eq!(checked, members);
        assert_eq!(check(&manifests)?, [""; 0]);
        Ok(())
    }
}
