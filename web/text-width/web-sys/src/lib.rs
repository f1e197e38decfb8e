//! Of web-sys what plotters names: the size of a text.
//!
//! Compiled for WebAssembly, plotters puts each text into the page's document to measure
//! it. Here it is estimated, as plotters does it everywhere else: a chart looks the same in
//! the page, in the window and in a file, and the module needs nothing from the page but
//! memory. (The real web-sys would also leave 2,700 exports and 500 kB in the module.)

use wasm_bindgen::JsCast;

/// What there is of a browser.
#[derive(Debug, Clone, Copy)]
pub struct Window;

/// What there is of its document.
#[derive(Debug, Clone, Copy)]
pub struct Document;

/// A text and its style.
#[derive(Debug, Clone, Default)]
pub struct Element {
    text: std::cell::RefCell<String>,
    size: std::cell::Cell<f64>,
}

/// The same.
#[derive(Debug, Clone, Default)]
pub struct Node(Element);

/// The same.
#[derive(Debug, Clone, Default)]
pub struct HtmlElement(Element);

/// What there is of a browser.
#[must_use]
pub const fn window() -> Option<Window> {
    Some(Window)
}

impl Window {
    /// Its document.
    #[must_use]
    pub const fn document(self) -> Option<Document> {
        Some(Document)
    }
}

impl Document {
    /// Where texts are put.
    #[must_use]
    pub fn body(self) -> Option<HtmlElement> {
        Some(HtmlElement::default())
    }

    /// For a text.
    ///
    /// # Errors
    /// Never.
    pub fn create_element(self, _name: &str) -> Result<Element, String> {
        Ok(Element::default())
    }
}

impl Element {
    /// This text.
    pub fn set_text_content(&self, text: Option<&str>) {
        self.text.replace(text.unwrap_or_default().to_owned());
    }

    /// Of a style, the size of the letters.
    ///
    /// # Errors
    /// Never.
    pub fn set_attribute(&self, _name: &str, style: &str) -> Result<(), String> {
        let size = style.split_once("font-size: ").map(|(_, rest)| rest);
        let size = size.and_then(|rest| rest.split_once("px")).map(|(size, _)| size);
        self.size.set(size.and_then(|size| size.parse().ok()).unwrap_or(0.0));
        Ok(())
    }
}

impl HtmlElement {
    /// Nothing is put anywhere.
    ///
    /// # Errors
    /// Never.
    pub const fn append_with_node_1(&self, _node: &Node) -> Result<(), String> {
        Ok(())
    }

    /// How wide the text is, about; see plotters, `style/font/naive.rs`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "letters on a line")]
    pub fn offset_width(&self) -> f64 {
        let em = self.0.size.get() / 1.24 / 1.24;
        (em * 0.7 * self.0.text.borrow().len() as f64).round()
    }

    /// How high the text is, about.
    #[must_use]
    pub fn offset_height(&self) -> f64 {
        let em = self.0.size.get() / 1.24 / 1.24;
        em.round() + (em * 0.24).round()
    }

    /// Nothing was put anywhere.
    pub const fn remove(&self) {}
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self(element)
    }
}

impl From<Node> for HtmlElement {
    fn from(node: Node) -> Self {
        Self(node.0)
    }
}

impl JsCast for Node {}
impl JsCast for HtmlElement {}
