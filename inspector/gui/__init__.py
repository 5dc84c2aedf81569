"""The window: the only room with Qt in it."""

from inspector.gui.refcount import keep_true_and_none

keep_true_and_none()
