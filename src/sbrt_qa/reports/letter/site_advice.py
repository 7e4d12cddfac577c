"""What a site is told to do: advice that is worded for the reviewer, turned to the site.

Advice of a finding speaks to whoever reviews the plan. Most of it reads the same to both; what
tells the reviewer to ask the site, or to do what only a reviewer can, stands here once more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sbrt_qa.i18n.phrase import Phrase
from sbrt_qa.i18n.words import msg
from sbrt_qa.model.outcome import Finding

EXPLAIN: Final = msg("Please explain.")
SAY_WHY: Final = msg("Please say why.")
MEANT: Final = msg("Please say whether it is meant.")
CONTOUR_IT: Final = msg("Contour it, or say which of the structures it is.")
CONTOUR_THEM: Final = msg("Contour them, or say which of the structures they are.")
WHICH: Final = msg("Please say which one is meant.")

FOR_SITE: Final = {
    "Ask the site.": EXPLAIN,
    "Ask the site which energy the beam has.": msg("Please say which energy the beam has."),
    "Ask the site where the isocentre of the beam is.": msg(
        "Please say where the isocentre of the beam is."
    ),
    "Ask the site at which height they were drawn, and to export them again.": msg(
        "Please say at which height they were drawn, and export them again."
    ),
    "Look at the contour on this slice, and whether the name is right.": msg(
        "Please look at the contour on this slice, and whether the name is right."
    ),
    "Have it drawn to its end, or say why it ends here.": msg(
        "Please draw it to its end, or say why it ends there."
    ),
    "Have the dose exported anew, with a scaling that holds its maximum.": msg(
        "Please export the dose anew, with a scaling that holds its maximum."
    ),
    "Ask the site why.": SAY_WHY,
    "Ask the site at once.": msg("Please explain this at once."),
    "Ask the site how breathing is managed.": msg("Please say how breathing is managed."),
    "Ask the site how it was made.": msg("Please say how it was made."),
    "Ask the site what happened.": msg("Please say what happened."),
    "Ask the site what was changed.": msg("Please say what was changed."),
    "Ask the site what was prescribed.": msg("Please say what was prescribed."),
    "Ask the site whether it is meant.": MEANT,
    "Ask the site whether the beam is treated.": msg("Please say whether the beam is treated."),
    "Ask the site whether the dose was calculated in the patient.": msg(
        "Please say whether the dose was calculated in the patient."
    ),
    "Ask the site whether this is a treatment beam with a wrong delivery type.": msg(
        "Please say whether this is a treatment beam with a wrong delivery type."
    ),
    "Ask the site which is right; one of them may be of another calculation.": msg(
        "Please say which is right; one of them may be of another calculation."
    ),
    "Ask the site which one is meant.": WHICH,
    "Ask the site which one is used.": msg("Please say which one is used."),
    "Ask whether its dose was counted.": msg("Please say whether its dose was counted."),
    "Ask the site which ones; see DENSITY_OVERRIDE.": msg("Please say which."),
    "Ask why, and whether the values are right.": msg(
        "Please say why, and check that the values are right."
    ),
    "Ask for the corrected series.": msg("Send the corrected series."),
    "Check the margins with the site's protocol.": msg("Check the margins."),
    "Check whose plan this is before anything else.": msg(
        "Please say whose plan this is before anything else is sent."
    ),
    "Choose a protocol with limits for ions.": "",
    "De-identify them before they leave the site.": msg("De-identify them before you send them."),
    "Do not pass the file on; ask the site to de-identify it and send it again.": msg(
        "De-identify the file and send it again."
    ),
    "Export the case again; if that does not help, do not trust its files.": msg(
        "Export the case again."
    ),
    "Export the plan again; ask the site if the finding persists.": msg("Export the plan again."),
    "Ask the site to export it with closed contours.": msg("Export it with closed contours."),
    "Find out which of them is right; the other one has to be replaced.": msg(
        "Say whose plan this is, and send what is right."
    ),
    "Find out whose files these are.": msg(
        "Send the files of one patient, and say whose they are."
    ),
    "Ask the site to contour it, or name the structure with --map.": CONTOUR_IT,
    "Ask the site to create it again from the present contours.": msg(
        "Create it again from the present contours."
    ),
    "Ask the site to create the PRV again.": msg("Create the PRV again."),
    "Ask the site which one is meant; the second contour should be removed if it is a copy.": msg(
        "Please say which is meant, and remove the second contour if it is a copy."
    ),
    "Ask the site which is meant; the second contour is to be removed if it is older.": msg(
        "Please say which is meant, and remove the second contour if it is an older version."
    ),
    "Ask the site to draw the contours as one outline.": msg("Draw the contours as one outline."),
    "Ask the site to remove the second copy and to check that nothing else is duplicated.": msg(
        "Remove the second copy, and check that nothing else is duplicated."
    ),
    "Ask the site what it added.": msg("Please say what was added."),
    "Ask the site whether this plan treats them, too.": msg(
        "Please say whether this plan treats them as well."
    ),
    "Ask the site what the dose holds.": msg("Please say what the dose holds."),
    "Ask the site to remove the stray contours.": msg("Remove the stray contours."),
    "Ask the site to contour them, or name the structures with --map.": CONTOUR_THEM,
    "Limits that depend on it are not applied: choose the right protocol, or ask the site.": msg(
        "Limits that depend on it are not applied: correct it, or say which prescription of the "
        "trial is meant."
    ),
    "Check it, and ask the site to replace it by the subject's code.": msg(
        "Replace it by the subject's code."
    ),
    "Compare both values in the table.": "",
    "Check whether one of them holds a name.": msg("Check that none of them holds a name."),
    "Rename the folder, or give a manifest.": msg("Name the folder by its code in the trial."),
    "Say with --map which one is meant.": WHICH,
}
"""What the site is told instead of an advice; nothing where only a reviewer can follow it."""

OPTION: Final = " --"
"""What advice holds that names an option of the command line, which is not for a site."""


def to_site(finding: Finding) -> Finding:
    """Return a finding whose advice, if any, speaks to the site."""
    advice = finding.advice
    known = FOR_SITE.get(advice.template if isinstance(advice, Phrase) else advice)
    if known is not None:
        return replace(finding, advice=Phrase(known) if known else "")
    return replace(finding, advice="") if OPTION in advice else finding
