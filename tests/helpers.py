"""What the tests share: the course page's loop and constants, and what is pasted."""

import re

import numpy as np

# The constants as shipped. The tests set them, so that they hold after any edit.
START = {"MU_START": -3.0, "SIGMA_START": 1.0, "STEP_MU": 0.1, "STEP_SIGMA": 0.01}
START["N_ITERATIONS"] = 500
SHIPPED = {"DATA": None, "N_SAMPLES": 10_000, "MU_TRUE": 2.0, "SIGMA_TRUE": 2.0}
SHIPPED.update({"SEED": 0, **START, "FIGURE": "example2_nf.png"})


def settings(**changes):
    """The arguments of fit and verdict after x, as shipped but for the changes."""
    return [*{**START, **changes}.values()]


def page_samples(seed=0):
    return np.random.default_rng(seed).normal(2.0, 2.0, 10_000)


def page_loop(x, mu, sigma, gamma_mu, gamma_sigma, n_iter):
    """The oracle: the loop of the course page, on the samples themselves."""
    mus, sigmas = [mu], [sigma]
    for _ in range(n_iter):
        mu = mu + gamma_mu * (np.mean(x) - mu) / (sigma**2)
        sigma_grad = np.mean((np.array(x) - mu) ** 2) / sigma**3 - 1 / sigma
        sigma = sigma + gamma_sigma * sigma_grad
        mus.append(mu)
        sigmas.append(sigma)
    return np.array(mus), np.array(sigmas)


def pasted(text):
    """The constants that a text says to paste."""
    edits = re.findall(r"(?m)^([A-Z_]+) = (\S+)$", text)
    return {k: (int if k == "N_ITERATIONS" else float)(v) for k, v in edits}
