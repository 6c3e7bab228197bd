"""The same numbers as src/values.ts."""

import numpy as np


def _hash(index, seed):
    with np.errstate(over="ignore"):
        h = (index * np.uint32(0x9E3779B1) + np.uint32((seed * 0x85EBCA77) & 0xFFFFFFFF)).astype(np.uint32)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def fill(size, seed, scale):
    """`size` values, uniform in [-scale/2, scale/2)."""
    return ((_hash(np.arange(size, dtype=np.uint32), seed) / 2.0**32 - 0.5) * scale).astype(np.float32)


def seed_of(name):
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h & 0x7FFFFFFF


def digest(array):
    flat = np.asarray(array, dtype=np.float64).reshape(-1)
    projection = float(np.dot(flat, _hash(np.arange(flat.size, dtype=np.uint32), 77) / 2.0**32 - 0.5))
    return {"projection": projection, "norm": float(np.linalg.norm(flat))}
