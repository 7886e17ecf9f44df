"""What the operators' forms share: a petition's number, who gives the order, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from xixi_workflow.core import words
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.words import Language
from xixi_workflow.engine.handle import Done

#: Date of filing and serial, as text: a spreadsheet or a browser would round the number.
PetitionNumber = Annotated[
    str, Field(pattern=r"^\d{14,15}$", title="工单编号 Petition number", examples=["20261123000042"])
]
Code = Annotated[str, Field(pattern=r"^[\w.:-]{0,40}$")]
Numbers = Annotated[list[PetitionNumber], Field(max_length=200)]


class Form(BaseModel):
    """表单 A form; a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class GivenBy(Form):
    """下达人，记入流水账；Prefect 自身不分账户 · Who gives the order, for the journal: Prefect has no accounts."""

    role: Literal["operator", "supervisor", "leader"] = Field("operator", title="角色 Role")
    person: Code = Field(
        "", title="人员代码 Person", description="teams.yaml 中的人员代码，如 operator-1 · as in teams.yaml"
    )

    def actor(self) -> Actor:
        """The journal's form of it."""
        return Actor(self.role, self.person)


NOBODY_NAMED = GivenBy.model_validate({})


def chosen(numbers: list[str]) -> list[int]:
    """The numbers as the engine knows them."""
    return [int(number) for number in numbers]


def tags_of(numbers: list[str]) -> list[str]:
    """Tags by which a run is found from a petition; the first twenty."""
    return [f"petition:{number}" for number in numbers[:20]]


def answers(done: list[Done], by: GivenBy, policy: Policy, language: Language) -> list[dict[str, str]]:
    """One row per petition: done, or refused and why."""
    return [
        {
            "编号 No.": str(one.number),
            "结果 Result": "已办 Done" if one.refused is None else "未办 Refused",
            "说明 Why": ""
            if one.refused is None
            else words.refusal(one.refused, policy, role=by.role, language=language),
        }
        for one in done
    ]


def counted(done: list[Done]) -> dict[str, Any]:
    """How many orders were carried out and how many refused."""
    refused = sum(one.refused is not None for one in done)
    return {"done": len(done) - refused, "refused": refused}
