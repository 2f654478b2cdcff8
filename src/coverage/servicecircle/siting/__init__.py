"""The best set of sites at once, with proof."""

from servicecircle.siting.choose import choose_sites
from servicecircle.siting.compare import compare_plans, stability, what_if
from servicecircle.siting.plan import SitePlan

__all__ = ["SitePlan", "choose_sites", "compare_plans", "stability", "what_if"]
