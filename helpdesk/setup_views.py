"""Where the administrator begins: each part of the set-up in words, invitations, and what was changed by whom."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.access import SignedInRequest, requires
from accounts.forms import InviteForm
from helpdesk.audit import changes_page
from outbox import clock
from sla.selectors import missing_years

# Heading, then (address, name, explanation); an address that does not exist on this system is left out.
_PARTS = [
    (
        gettext_lazy("Grading and routing"),
        [
            (
                "admin:tickets_severitycell_changelist",
                gettext_lazy("Severity matrix"),
                gettext_lazy("Scope of impact × urgency gives S, A or B."),
            ),
            (
                "admin:tickets_severitywordrule_changelist",
                gettext_lazy("Words that grade"),
                gettext_lazy("What the text says when the customer did not answer the questions."),
            ),
            (
                "admin:tickets_severityraise_changelist",
                gettext_lazy("Raises for key accounts"),
                gettext_lazy("A service level may lift the grade."),
            ),
            (
                "admin:tickets_triagerule_changelist",
                gettext_lazy("Triage rules"),
                gettext_lazy("Keywords in Chinese and English that name category, module and team."),
            ),
            (
                "workspace:rules-try",
                gettext_lazy("Try a text"),
                gettext_lazy("See how a text would be graded and routed, and why."),
            ),
        ],
    ),
    (
        gettext_lazy("Deadlines"),
        [
            (
                "admin:sla_policy_changelist",
                gettext_lazy("Policies and targets"),
                gettext_lazy("How soon we answer, help and report, for whom."),
            ),
            (
                "setup-policies",
                gettext_lazy("Policies and running clocks"),
                gettext_lazy("In their order; what applying them would change on open tickets, and applying them."),
            ),
            (
                "admin:sla_escalationstep_changelist",
                gettext_lazy("Escalation ladder"),
                gettext_lazy("Who hears of a breach, and who next when nobody acknowledges."),
            ),
            (
                "admin:sla_calendar_changelist",
                gettext_lazy("Working calendars"),
                gettext_lazy("Weekly hours, holidays and make-up working days."),
            ),
            (
                "sla:import-holidays",
                gettext_lazy("Import holidays"),
                gettext_lazy("A year of a country into a calendar; China with its make-up days."),
            ),
        ],
    ),
    (
        gettext_lazy("People"),
        [
            (
                "setup-invite",
                gettext_lazy("Invite somebody"),
                gettext_lazy("A link by mail, good once for three days."),
            ),
            (
                "admin:accounts_user_changelist",
                gettext_lazy("People"),
                gettext_lazy("Roles, teams, skills, capacity; deactivation closes every door at once."),
            ),
            (
                "admin:accounts_team_changelist",
                gettext_lazy("Teams"),
                gettext_lazy("Lead, deputy and the level above; sender and signature of its mails."),
            ),
            (
                "admin:accounts_role_changelist",
                gettext_lazy("Roles"),
                gettext_lazy("Which permissions a role carries."),
            ),
            (
                "admin:accounts_skill_changelist",
                gettext_lazy("Skills"),
                gettext_lazy("What categories ask for and agents have."),
            ),
            (
                "admin:accounts_organization_changelist",
                gettext_lazy("Organizations"),
                gettext_lazy("Customer companies and their service level."),
            ),
        ],
    ),
    (
        gettext_lazy("Products"),
        [
            (
                "admin:catalog_product_changelist",
                gettext_lazy("Products, modules, versions"),
                gettext_lazy("What customers use."),
            ),
            (
                "admin:catalog_category_changelist",
                gettext_lazy("Categories"),
                gettext_lazy("Types of problem with their team and skill."),
            ),
            (
                "admin:catalog_faulttype_changelist",
                gettext_lazy("Fault types"),
                gettext_lazy("What it turned out to be."),
            ),
        ],
    ),
    (
        gettext_lazy("Mail, chat groups and monitoring"),
        [
            (
                "admin:intake_mailbox_changelist",
                gettext_lazy("Mailboxes"),
                gettext_lazy("Addresses that customers write to, and how their mail is fetched."),
            ),
            (
                "intake:mails",
                gettext_lazy("Incoming mail"),
                gettext_lazy("What became no message by itself, and why."),
            ),
            (
                "chat:widgets",
                gettext_lazy("Online chat"),
                gettext_lazy("A chat on your own site: articles first, then somebody who answers."),
            ),
            (
                "outbox:robots",
                gettext_lazy("Chat robots"),
                gettext_lazy("WeCom, DingTalk, Feishu and Slack groups that hear of tickets."),
            ),
            (
                "alerts:sources",
                gettext_lazy("Monitoring sources"),
                gettext_lazy("Alertmanager, Grafana, Zabbix and others whose alerts become tickets."),
            ),
            (
                "wecom:apps",
                gettext_lazy("WeCom applications"),
                gettext_lazy("Messages to an application become tickets and replies."),
            ),
            (
                "admin:outbox_allowednetwork_changelist",
                gettext_lazy("Allowed private networks"),
                gettext_lazy("Where outgoing calls may go inside your own house."),
            ),
        ],
    ),
    (
        gettext_lazy("Behind the scenes"),
        [
            ("audit", gettext_lazy("Changes of the set-up"), gettext_lazy("Who changed what, and what it was before.")),
            (
                "outbox:words",
                gettext_lazy("Words of mails"),
                gettext_lazy("What each mail says, in both languages, with a preview."),
            ),
            (
                "outbox:dead",
                gettext_lazy("Dead letters"),
                gettext_lazy("What was given up or bounced, to be sent again."),
            ),
            ("outbox:mailbox", gettext_lazy("Demo mailbox"), gettext_lazy("Mails that would have left the house.")),
            (
                "admin:outbox_delivery_changelist",
                gettext_lazy("Outbox"),
                gettext_lazy("Every outgoing message and its state."),
            ),
            (
                "outbox:webhooks",
                gettext_lazy("Webhooks"),
                gettext_lazy("Which programs hear of which events, and whether they heard."),
            ),
            (
                "service-accounts",
                gettext_lazy("Service accounts"),
                gettext_lazy("Programs that act in their own name: their roles and tokens."),
            ),
            ("api-docs", gettext_lazy("API"), gettext_lazy("For programs.")),
            ("admin:index", gettext_lazy("All rows"), gettext_lazy("Everything, table by table.")),
        ],
    ),
]


@requires("admin.configure")
@require_safe
def setup(request: HttpRequest) -> HttpResponse:
    """The table of contents of the set-up."""
    parts = []
    for heading, links in _PARTS:
        found = [(address, name, text) for view, name, text in links if (address := _address(view))]
        parts.append((heading, found))
    return render(request, "helpdesk/setup.html", {"parts": parts, "missing": missing_years(now=clock.now())})


def _address(view: str) -> str | None:
    if view == "outbox:mailbox" and not settings.DEMO:
        return None
    try:
        return reverse(view)
    except NoReverseMatch:
        return None


@requires("admin.configure")
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: SignedInRequest) -> HttpResponse:
    """Invite a person into a role."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.invite_user(actor=request.user, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": person.email})
            return redirect("setup-invite")
    return render(request, "helpdesk/invite.html", {"form": form}, status=422 if form.errors else 200)


@requires("admin.configure")
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Changes of the configuration, newest first, page by page by keyset."""
    changes, following = changes_page(after=request.GET.get("after", ""))
    return render(request, "helpdesk/audit.html", {"changes": changes, "following": following})
