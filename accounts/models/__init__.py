"""People: users who sign in by e-mail, organizations, teams, roles as membership rows, skills, duty, API tokens."""

from accounts.models.absence import Absence
from accounts.models.organization import Organization
from accounts.models.service import ServiceAccount
from accounts.models.skill import Skill, SkillLevel
from accounts.models.team import Membership, Role, Team
from accounts.models.token import ApiToken
from accounts.models.user import STAND_INS, User, UserManager

__all__ = [
    "STAND_INS",
    "Absence",
    "ApiToken",
    "Membership",
    "Organization",
    "Role",
    "ServiceAccount",
    "Skill",
    "SkillLevel",
    "Team",
    "User",
    "UserManager",
]
