"""What the simulated people write. Invented, general, and without any name, number or address."""

from typing import Final

INTERIM: Final = (
    "已到现场查看，正在联系责任单位处理。",
    "已电话联系诉求人，约定今日上门核实。",
    "已通知物业和社区，安排人员到场处置。",
    "现场已拍照取证，正在制定整改方案。",
    "情况属实，已向责任方下达整改要求。",
    "已查阅相关资料，稍后答复办理意见。",
)
ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    "solved": (
        "经现场处置，问题已整改到位，感谢您的监督",
        "已督促责任方完成整改，后续将加强巡查",
        "已安排人员维修并恢复正常使用",
        "已清理完毕，现场恢复整洁",
    ),
    "partly_solved": (
        "已完成应急处置，彻底整改已列入计划",
        "部分问题已解决，其余事项将继续跟进",
    ),
    "explained": (
        "已就相关政策向您作出说明，如有变化将及时告知",
        "该事项按现行规定办理，已详细解释",
    ),
    "unfounded": ("经现场核实未发现所反映的情况，将持续关注",),
    "unreachable": ("多次联系未果，请您方便时致电指挥中心",),
}
#: For result classes that another city has named for itself.
ANSWER: Final = ("已按规定办理完毕",)
RETURNS: Final = (
    "该事项不在本单位职责范围，建议改派。",
    "地点不在本辖区，请核实后改派。",
    "缺少具体地点，无法联系，请补充。",
    "与在办工单为同一事项。",
)
RETURN_REFUSALS: Final = ("属本单位职责，请继续办理。", "首接负责，请牵头协调。")
HOLDS: Final = ("需等待专业检测结果。", "天气原因暂不能施工。", "等待诉求人补充材料。")
HOLD_REFUSALS: Final = ("理由不充分，请按期办理。",)
EXTENSIONS: Final = ("涉及多方协调，需增加办理时间。", "配件到货尚需时日。", "需现场复核后答复。")
EXTENSION_REFUSALS: Final = ("请在原时限内办结。",)
ASSISTS: Final = ("请派员到场协助核实。", "请提供相关资料。")
ASSISTED: Final = ("已到场配合处置。", "已提供资料。")
NOTES: Final = ("诉求人希望下午联系。", "现场已设置警示标志。", "与社区已对接。")
HELP: Final = ("现场人员情绪激动，请支援。", "现场需要更多人手。", "涉及多部门，请协调。")
HELPED: Final = ("已电话联系承办人并安排支援。", "已协调相邻班组前往。")
ESCALATIONS: Final = ("久拖未决，提请上级领导关注。", "需上级协调。")
URGES: Final = ("怎么还没有答复？", "请尽快处理。", "问题还在，麻烦催一下。")
WITHDRAWALS: Final = ("问题已自行解决，不用办了。", "之前看错了，撤回。")
COMPLAINTS: Final = ("问题没有真正解决。", "处理得太慢。", "过了两天又出现了。", "没有人联系过我。")
REJECTIONS: Final = ("该事项不属于街道受理范围，请向有关部门反映。",)
TRANSFERS: Final = ("110", "区住房和城乡建设局", "区教育局", "区人力资源和社会保障局")
SUPERVISIONS: Final = ("群众不满意，请负责人亲自过问。", "请当日报告办理情况。")
REOPENINGS: Final = ("抽查发现整改不到位。", "回访中诉求人反映问题反复。")
PRIORITIES: Final = ("电话核实，情况较急。",)
MERGES: Final = ("同一地点同一事项。",)
