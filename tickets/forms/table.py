"""Every action of the ticket page by its name in the address."""

from tickets.forms import closing, family, handling
from tickets.forms.base import ActionForm

FORMS: tuple[type[ActionForm], ...] = (
    handling.TakeForm,
    handling.TakeOverForm,
    handling.AssignForm,
    handling.RegradeForm,
    handling.ContestForm,
    handling.PropertiesForm,
    handling.CallInForm,
    handling.AcknowledgeForm,
    handling.BreachReasonForm,
    closing.StatusForm,
    closing.ResolveForm,
    closing.ReopenForm,
    closing.MergeForm,
    closing.CauseReportForm,
    closing.ArticleForm,
    closing.RevokeLinksForm,
    family.LinkForm,
    family.UnlinkForm,
    family.SplitForm,
    family.UnmergeForm,
    family.TellChildrenForm,
    family.ResolveChildrenForm,
)
ACTIONS: dict[str, type[ActionForm]] = {form.action: form for form in FORMS}
