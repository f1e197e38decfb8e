//! Of wasm-bindgen the one trait that plotters names. See `web-sys` beside it.

/// One of a browser's things as another.
pub trait JsCast: Sized {
    /// The same thing as a `T`.
    ///
    /// # Errors
    /// Never here.
    fn dyn_into<T>(self) -> Result<T, Self>
    where
        Self: Into<T>,
    {
        Ok(self.into())
    }
}
