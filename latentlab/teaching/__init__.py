"""What any trained model needs: `teach(trainable, source, plan)`, its settings, its files and the story they tell."""

from latentlab.teaching.plan import TrainingPlan
from latentlab.teaching.teach import teach

__all__ = ["TrainingPlan", "teach"]
