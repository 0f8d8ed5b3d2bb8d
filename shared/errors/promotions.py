"""Refusals of promotions: those that buyers meet, and those that staff meet."""

from shared.errors.base import AppError, NotFound


class PromotionNotFound(NotFound):
    """Staff asked for a promotion by its code."""

    code = "promotion_not_found"
    default_message = "No promotion has this code. Check the code."


class PromotionCodeTaken(AppError):
    status, code = 409, "promotion_code_taken"
    default_message = "A promotion with this code exists. Choose another code."


class UnknownPromotion(AppError):
    """A buyer sent a code that no active promotion has, or only one that starts later."""

    status, code = 422, "unknown_promotion"
    default_message = "No promotion has this code. Check or remove the code."


class PromotionExpired(AppError):
    status, code = 422, "promotion_expired"
    default_message = "This promotion has ended. Remove the code."


class PromotionMinimumNotMet(AppError):
    status, code = 422, "promotion_minimum_not_met"
    default_message = (
        "The items cost less than this promotion requires. Add items or remove the code."
    )


class PromotionNotInCurrency(AppError):
    """The promotion's amounts are in another currency than the order."""

    status, code = 422, "promotion_not_in_currency"
    default_message = "This promotion applies to orders in another currency. Remove the code."


class PromotionNotForItems(AppError):
    """The promotion is for some products or categories, and the order has none of them."""

    status, code = 422, "promotion_not_for_items"
    default_message = (
        "This promotion applies to other products. Add one of them or remove the code."
    )


class AutomaticPromotionLimit(AppError):
    """Every order reads all automatic promotions, so their number is limited."""

    status, code = 409, "automatic_promotion_limit"
    default_message = (
        "The shop has the maximum of active automatic promotions. "
        "Set `is_active` of another one to false first."
    )


class PromotionUsedUp(AppError):
    """All customers together have used it up, or this customer has."""

    status, code = 409, "promotion_used_up"
    default_message = "This promotion has no uses left. Remove the code."
