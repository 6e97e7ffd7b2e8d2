//! Who may look and who may push.
