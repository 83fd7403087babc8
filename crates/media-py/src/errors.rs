//! The one thing that can fail is opening; commands never do.

use std::io;

use pyo3::PyErr;

/// OSError with errno where there is one (PermissionError, …), so that a taken port says so.
pub fn open(e: io::Error) -> PyErr {
    PyErr::from(e)
}
