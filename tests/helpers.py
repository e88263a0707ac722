"""What the tests share: the shipped constants, the page's loop, and small readers."""

import ast
import re

import numpy as np

# The tests set every constant, so that they hold after any edit of the script.
SHIPPED = {
    "DATA": None,
    "N_SAMPLES": 10_000,
    "MU_TRUE": 2.0,
    "SIGMA_TRUE": 2.0,
    "SEED": 0,
    "MU_START": -3.0,
    "SIGMA_START": 1.0,
    "STEP_MU": 0.1,
    "STEP_SIGMA": 0.01,
    "N_ITERATIONS": 500,
    "FIGURE": "example2_nf.png",
}
SHIPPED_SAMPLES = np.random.default_rng(0).normal(2.0, 2.0, 10_000)
SETTINGS = ["MU_START", "SIGMA_START", "STEP_MU", "STEP_SIGMA", "N_ITERATIONS"]


def settings(**changes):
    """The arguments of fit after x, as shipped but for the changes."""
    return [{**SHIPPED, **changes}[name] for name in SETTINGS]


def page_loop(x, mu, sigma, gamma_mu, gamma_sigma, n_iter):
    """Mus and sigmas of the loop of the course page, on the samples themselves."""
    x = np.asarray(x, dtype=float)
    mus, sigmas = [mu], [sigma]
    for _ in range(n_iter):
        mu = mu + gamma_mu * (np.mean(x) - mu) / sigma**2
        sigma_grad = np.mean((x - mu) ** 2) / sigma**3 - 1 / sigma
        sigma = sigma + gamma_sigma * sigma_grad
        mus.append(mu)
        sigmas.append(sigma)
    return np.array(mus), np.array(sigmas)


def pasted(lines):
    """The constants that these lines set, as if they were pasted into the script."""
    edits = [re.fullmatch("([A-Z_]+) = (.+)", line) for line in lines]
    return {edit[1]: ast.literal_eval(edit[2]) for edit in edits if edit}
