//! The pages of the origin.

use super::random;

/// The date of every page: 1 January 2020. A page's entity tag follows from it and from the page's length.
pub const LAST_MODIFIED: &str = "Wed, 01 Jan 2020 00:00:00 GMT";
/// The same in seconds since 1970, hexadecimal, as nginx writes it into entity tags.
const DATE: &str = "5e0be100";
/// The same as a file's date in a zip archive. <https://pkwaredownloads.blob.core.windows.net/pem/APPNOTE.txt>
const ZIP_DATE: u16 = 40 << 9 | 1 << 5 | 1;

/// A page that the origin serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// With a leading slash.
    pub path: &'static str,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// All of it.
    pub body: Vec<u8>,
}

impl Page {
    /// The entity tag, quotes included.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{DATE}-{:x}\"", self.body.len())
    }
}

/// The four pages: an index page, 1 KB and 2 KB of text, and about 21 KB that are not text.
///
/// The templates' containers make the same with a shell script; a test of the project compares them.
#[must_use]
pub fn pages() -> Vec<Page> {
    let index = format!("<!doctype html>\n<title>Origin</title>\n<p>{}</p>\n", random::digits(1, 512));
    let page = |path, content_type, body| Page { path, content_type, body };
    vec![
        page("/", "text/html", index.into_bytes()),
        page("/child/random.txt", "text/plain", random::digits(2, 1024).into_bytes()),
        page("/child/grandchild/random.txt", "text/plain", random::digits(3, 2048).into_bytes()),
        page("/random_text_files.zip", "application/zip", archive()),
    ]
}

/// A zip archive of ten files of 2 KB, stored as they are.
fn archive() -> Vec<u8> {
    const SIZE: u32 = 2048;
    let (mut files, mut list) = (Vec::new(), Vec::new());
    for number in 0..10_u8 {
        let data = random::bytes(40 + u64::from(number), SIZE as usize);
        let name = format!("{number}.bin");
        let offset = u32::try_from(files.len()).unwrap_or_default();
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0];
        head.extend(ZIP_DATE.to_le_bytes());
        head.extend(crc32fast::hash(&data).to_le_bytes());
        head.extend([SIZE.to_le_bytes(), SIZE.to_le_bytes()].concat());
        head.extend([u8::try_from(name.len()).unwrap_or_default(), 0, 0, 0]);
        files.extend([b"PK\x03\x04", head.as_slice(), name.as_bytes(), &data].concat());
        list.extend([b"PK\x01\x02\x14\x00", head.as_slice(), &[0; 10]].concat());
        list.extend([&offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let lengths = [list.len(), files.len()].map(|length| u32::try_from(length).unwrap_or_default());
    let end =
        [b"PK\x05\x06\0\0\0\0\x0a\0\x0a\0".as_slice(), &lengths.map(u32::to_le_bytes).concat(), &[0; 2]];
    [files, list, end.concat()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_have_their_sizes_and_tags() {
        let pages = pages();
        let seen: Vec<(&str, usize)> = pages.iter().map(|page| (page.path, page.body.len())).collect();
        assert_eq!(
            seen,
            [
                ("/", 558),
                ("/child/random.txt", 1024),
                ("/child/grandchild/random.txt", 2048),
                ("/random_text_files.zip", 21_362)
            ]
        );
        assert_eq!(pages[1].etag(), "\"5e0be100-400\"");
        assert!(pages[1].body.starts_with(b"AsvqjNLKmIt46ZvaQ4ncgQHxekLn+BKf"));
        assert!(std::str::from_utf8(&pages[3].body).is_err(), "the archive must not be text");
    }
}
