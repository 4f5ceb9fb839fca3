"""guidelib: the small library behind the book *Guiding Diffusion Models*.

A denoiser is a function ``denoiser(x, sigma, cond=None) -> E[x0 | x_sigma]`` with
``x_sigma = x0 + sigma z``; a guidance rule is a function from denoisers to denoisers;
a sampler takes a denoiser and never knows whether it is guided.
"""

__version__ = "0.1.0"
