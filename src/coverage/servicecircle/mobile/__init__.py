"""Mobile homes 流动职工之家: where each vehicle stops on which day."""

from servicecircle.mobile.plan import TourPlan
from servicecircle.mobile.tour import plan_tour

__all__ = ["TourPlan", "plan_tour"]
