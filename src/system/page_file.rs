//! Finds the laboratory's page on this computer.

use std::path::{Path, PathBuf};

/// The name of the page.
const NAME: &str = "laboratory.html";

/// The folder of `./sash web`, below the project.
pub const BUILT: &str = "target/web/laboratory.html";

/// The page beside the program, as in an archive, or in `target/web`, if it exists.
#[must_use]
pub fn find() -> Option<PathBuf> {
    let program = std::env::current_exe().ok();
    places(program.as_deref())
        .into_iter()
        .find(|it| it.is_file())
}

/// `target/release/server` has its page in `target/web`.
fn places(program: Option<&Path>) -> Vec<PathBuf> {
    let folder = program.and_then(Path::parent);
    let beside = folder.map(|it| it.join(NAME));
    let of_target = folder.map(|it| it.with_file_name("web").join(NAME));
    let built = std::iter::once(PathBuf::from(BUILT));
    beside.into_iter().chain(of_target).chain(built).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_looked_for_beside_the_program_and_where_it_is_built() {
        let found = places(Some(Path::new("/p/target/release/server")));
        let wanted = [
            "/p/target/release/laboratory.html",
            "/p/target/web/laboratory.html",
            BUILT,
        ];
        assert_eq!(found, wanted.map(PathBuf::from));
    }
}
