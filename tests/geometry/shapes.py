"""Small structures that tests share."""

import numpy as np

from sbrt_qa.model.structure import Contour, Structure


def square(x=0.0, y=0.0, side=10.0):
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]])


def disc(radius, x=0.0, y=0.0, n=72):
    t = np.arange(n) * 2 * np.pi / n
    return np.column_stack([x + radius * np.cos(t), y + radius * np.sin(t)])


def prism(loops, z=(0.0, 2.0, 4.0, 6.0), number=1):
    loops = loops if isinstance(loops, list) else [loops]
    return Structure(number, "ROI", tuple(Contour(h, loop) for h in z for loop in loops))
