"""The ready lines: inputs that need no file, and the pipelines that people use."""

from __future__ import annotations

from inspector.gui.inputs.line_box import Ready

INPUTS = (
    Ready("random:0", "Random numbers, the same ones each time; another number gives another draw"),
    Ready("zeros", "Zeros"),
    Ready("ones", "Ones"),
    Ready("text:", "Words of your own, for an input that takes text: text:one sample|another"),
)
PIPELINES = (
    Ready("", "No preprocessing"),
    Ready("scale 1/255", "0..255 to 0..1"),
    Ready("gray | scale 1/255", "One grey channel, 0..255 to 0..1"),
    Ready("bgr", "Blue, green, red instead of red, green, blue"),
    Ready("tf", "0..255 to -1..1, RGB (MobileNet, Inception, Xception, EfficientNetV2)"),
    Ready("torch", "0..1, then ImageNet's mean and deviation taken off, RGB (DenseNet, PyTorch)"),
    Ready("caffe", "BGR, ImageNet's mean taken off, no scaling (VGG, ResNet)"),
)
