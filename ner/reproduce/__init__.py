"""The paper's tables, measured: runs its systems with the same data, seeds and evaluation, and reports them side by side."""
