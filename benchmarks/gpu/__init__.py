"""What an accelerator brings: ``python -m benchmarks.gpu``. Without CUDA it says so and claims nothing."""
