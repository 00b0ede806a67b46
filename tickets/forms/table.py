"""Every action of the ticket page by its name in the address."""

from tickets.forms import checklist, closing, family, handling, handover, macro, teamwork
from tickets.forms.base import ActionForm

FORMS: tuple[type[ActionForm], ...] = (
    handling.TakeForm,
    handling.TakeOverForm,
    handling.AssignForm,
    handover.HandOverForm,
    handover.UnderstandForm,
    handover.AskBackForm,
    handling.RegradeForm,
    teamwork.WatchForm,
    teamwork.UnwatchForm,
    teamwork.AddWatchersForm,
    teamwork.RemoveWatcherForm,
    teamwork.LogTimeForm,
    teamwork.CorrectTimeForm,
    checklist.AddItemForm,
    checklist.ChangeItemForm,
    checklist.OwnerForm,
    checklist.TemplateForm,
    handling.ContestForm,
    handling.PropertiesForm,
    handling.CallInForm,
    macro.MacroForm,
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
