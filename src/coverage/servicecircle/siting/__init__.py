"""The best set of sites at once, with proof."""

from servicecircle.siting.choose import choose_sites
from servicecircle.siting.plan import SitePlan

__all__ = ["SitePlan", "choose_sites"]
